from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import events, jobs, live
from apps.ledger.services import record
from apps.models import errors, gates
from apps.models.choices import PromotionState, Verdict
from apps.models.events import VersionPromoted
from apps.models.gates import Candidate, Finding
from apps.models.mirror import moves, refresh, registry
from apps.models.mirror.moves import Cause
from apps.models.models import (
    Alias,
    Decision,
    Gate,
    GateResult,
    ModelVersion,
    Promotion,
)
from apps.models.services.places import check_place
from apps.models.services.waivers import holding_waiver
from apps.models.upstream import Upstream
from apps.projects.models import Environment, Project

PROMOTE = "models.promote"


@transaction.atomic
def request_promotion(
    *, version: ModelVersion, environment: Environment, by: AbstractUser, note: str = ""
) -> Promotion:
    """Ask for a version to enter an environment; a job checks the gates."""
    check_place(version.project, environment)
    _check_alive(version)
    here = Alias.objects.filter(model=version.model, name=environment.name).first()
    if here is not None and here.version_id == version.pk:
        raise errors.AlreadyThere(number=version.number, environment=environment.name)
    promotion = Promotion(
        project=version.project,
        version=version,
        environment=environment,
        previous=here.version if here else None,
        requested_by_id=by.pk,
        note=note,
    )
    _save_only_open(promotion)
    _record("models.promotion_requested", promotion, by)
    _work_on(promotion, by)
    return promotion


def _check_alive(version: ModelVersion) -> None:
    """Locked, so that nobody retires the version while its promotion is being stored."""
    rows = ModelVersion.objects.select_for_update(of=("self",)).select_related("model")
    row = rows.get(pk=version.pk)
    if row.deleted_at is not None:
        raise errors.VersionGone(number=row.number)
    if row.is_retired or row.model.is_retired:
        raise errors.VersionRetired(number=row.number)


@transaction.atomic
def approve(*, promotion: Promotion, by: AbstractUser, note: str = "") -> Promotion:
    """Let a waiting promotion go on. Never one's own."""
    row = _decide(promotion, Verdict.APPROVED, by=by, note=note)
    _move(row, PromotionState.APPROVED)
    _record("models.promotion_approved", row, by)
    _work_on(row, by)
    return row


@transaction.atomic
def decline(*, promotion: Promotion, by: AbstractUser, note: str = "") -> Promotion:
    """End a waiting promotion. Never one's own."""
    row = _decide(promotion, Verdict.DECLINED, by=by, note=note)
    _move(row, PromotionState.DECLINED)
    _record("models.promotion_declined", row, by)
    return row


@transaction.atomic
def promote_of_record(
    *, version: ModelVersion, environment: Environment, by: AbstractUser, reason: str
) -> Promotion:
    """Promote what is there already, decided on by this person; its gates are asked all the same."""
    check_place(version.project, environment)
    if version.deleted_at is not None:
        raise errors.VersionGone(number=version.number)
    promotion = Promotion(
        project=version.project,
        version=version,
        environment=environment,
        requested_by_id=by.pk,
        note=reason,
    )
    _save_only_open(promotion)
    Decision.objects.create(promotion=promotion, verdict=Verdict.APPROVED, by_id=by.pk, note=reason)
    _record("models.promotion_requested", promotion, by)
    _work_on(promotion, by)
    return promotion


def take_up_approved(*, project: Project) -> None:
    """MLflow answers again: go on with the promotions of a project that waited for it."""
    approved = Promotion.objects.filter(project=project, state=PromotionState.APPROVED)
    for promotion in approved.select_related("requested_by"):
        _work_on(promotion, promotion.requested_by)


def promote_now(
    *, version: ModelVersion, environment: Environment, by: AbstractUser, note: str = ""
) -> Promotion:
    """Ask for a promotion and take it as far as it goes without a person, in this very call.

    The job that was queued beside it does the same; every step is safe to run twice, so whoever comes
    first does it, and where this process dies the job goes on.
    """
    promotion = request_promotion(version=version, environment=environment, by=by, note=note)
    check_gates(promotion=promotion)
    return finish(promotion=settle_gates(promotion=promotion))


def check_gates(*, promotion: Promotion) -> list[GateResult]:
    """Ask the gates that have not answered yet. Safe to run twice: an answer is kept."""
    candidate = Candidate(promotion.version, promotion.environment)
    declared = Gate.objects.filter(
        model=promotion.version.model, environment=promotion.environment
    ).exclude(pk__in=promotion.results.values("gate_id"))
    for gate in declared:
        _keep_answer(promotion, gate, gates.find(gate, candidate))
    return list(promotion.results.all())


def ask_again(*, promotion: Promotion) -> Promotion:
    """Ask the gates of an approved promotion once more: the world may have changed while it waited.

    What they say now is kept beside what the approver saw; a refusal ends the promotion. Safe to run twice.
    """
    decision = Decision.objects.filter(promotion=promotion).first()
    if promotion.state != PromotionState.APPROVED or decision is None:
        return promotion
    candidate = Candidate(promotion.version, promotion.environment)
    before = promotion.results.filter(again=False, at__lt=decision.at).values("gate_id")
    known = promotion.results.filter(again=True).values("gate_id")
    for gate in Gate.objects.filter(pk__in=before).exclude(pk__in=known):
        _keep_answer(promotion, gate, gates.find(gate, candidate), again=True)
    return _refuse_after_all(promotion)


@transaction.atomic
def _refuse_after_all(promotion: Promotion) -> Promotion:
    row = _locked(promotion)
    said_no = row.results.filter(again=True, passed=False, waiver=None)
    failed = list(said_no.values_list("gate_id", flat=True))
    if failed and row.state == PromotionState.APPROVED:
        _move(row, PromotionState.REFUSED)
        _record("models.promotion_refused", row, None, gates=failed)
    return row


def _keep_answer(
    promotion: Promotion, gate: Gate, finding: Finding, *, again: bool = False
) -> None:
    GateResult.objects.get_or_create(
        promotion=promotion,
        gate_id=gate.pk,
        again=again,
        defaults={
            "kind": gate.kind,
            "settings": gate.settings,
            "passed": finding.passed,
            "sentence": finding.sentence[:500],
            "evidence": finding.evidence,
            "waiver": None if finding.passed else holding_waiver(gate, promotion),
        },
    )


@transaction.atomic
def settle_gates(*, promotion: Promotion) -> Promotion:
    """Take the promotion where its gates' answers lead. Safe to run twice."""
    row = _locked(promotion)
    if row.state != PromotionState.CHECKING:
        return row
    said_no = row.results.filter(passed=False, waiver=None)
    if failed := list(said_no.values_list("gate_id", flat=True)):
        _move(row, PromotionState.REFUSED)
        _record("models.promotion_refused", row, None, gates=failed)
    elif row.environment.protected and not Decision.objects.filter(promotion=row).exists():
        _move(row, PromotionState.WAITING)
        _record("models.promotion_waiting", row, None)
    else:
        _move(row, PromotionState.APPROVED)
    return row


@transaction.atomic
def finish(*, promotion: Promotion) -> Promotion:
    """Move the alias in MLflow, then say so. Safe to run twice: the alias is set, not swapped."""
    if promotion.state != PromotionState.APPROVED:
        return promotion
    version = promotion.version
    # Nobody reads MLflow's aliases between the move and our row of it, and takes it for another's.
    refresh.alone("model", version.project, version.model.name)
    Upstream(version.project.slug).send(
        "POST",
        "2.0/mlflow/registered-models/alias",
        name=version.model.name,
        alias=promotion.environment.name,
        version=str(version.number),
    )
    return _conclude(promotion)


def _conclude(promotion: Promotion) -> Promotion:
    row = _locked(promotion)
    if row.state != PromotionState.APPROVED:
        return row
    version, environment = row.version, row.environment
    cause = Cause(row.requested_by, promotion=row)
    before = registry.move(version.model, environment.name, version, cause)
    if before is not None:
        Promotion.objects.filter(pk=row.pk).update(previous=before)
    _move(row, PromotionState.DONE)
    decision = Decision.objects.filter(promotion=row).first()
    _record("models.promoted", row, row.requested_by, approved_by=decision and decision.by_id)
    events.publish(
        VersionPromoted(
            promotion_id=row.pk,
            version_id=version.pk,
            environment_id=environment.pk,
            previous_id=before.pk if before else row.previous_id,
            approved_by_id=decision.by_id if decision else None,
        )
    )
    return row


@transaction.atomic
def fail_promotion(*, promotion_id: int) -> None:
    """Its job gave up: end the promotion, so that it can be asked for again."""
    row = Promotion.objects.select_for_update().filter(pk=promotion_id).first()
    if row and row.state in {PromotionState.CHECKING, PromotionState.APPROVED}:
        _move(row, PromotionState.FAILED)
        _record("models.promotion_failed", row, None)


def _decide(promotion: Promotion, verdict: Verdict, *, by: AbstractUser, note: str) -> Promotion:
    """The promotion, locked, with its one decision stored."""
    row = _locked(promotion)
    if row.state != PromotionState.WAITING:
        raise errors.NotWaiting(state=row.state)
    if row.requested_by_id == by.pk:
        raise errors.FourEyes
    if isinstance(by, User) and by.is_service:
        raise errors.PersonNeeded
    Decision.objects.create(promotion=row, verdict=verdict, by_id=by.pk, note=note)
    return row


def _locked(promotion: Promotion) -> Promotion:
    """The promotion as it is now, locked: two deciders cannot both find it waiting."""
    rows = Promotion.objects.select_for_update(of=("self",))
    return rows.select_related("version__model", "environment", "requested_by", "project").get(
        pk=promotion.pk
    )


def _move(promotion: Promotion, state: PromotionState) -> None:
    promotion.state = state
    if state not in Promotion.OPEN:
        promotion.ended_at = timezone.now()
    promotion.save(update_fields=["state", "ended_at"])
    moves.follow(promotion)
    live.changed(promotion.topic)


def _work_on(promotion: Promotion, by: AbstractUser) -> None:
    jobs.enqueue(
        PROMOTE,
        owner=by,
        project_id=promotion.project_id,
        # A key for each leg: an approval may come while the job that checked is still about to end.
        key=f"{promotion.pk}:{promotion.state}",
        promotion_id=promotion.pk,
    )


def _save_only_open(promotion: Promotion) -> None:
    try:
        with transaction.atomic():
            promotion.save(force_insert=True)
    except IntegrityError as error:
        number, environment = promotion.version.number, promotion.environment.name
        raise errors.AlreadyPromoting(number=number, environment=environment) from error


def _record(verb: str, promotion: Promotion, by: AbstractUser | None, **more: Any) -> None:
    data = {
        "version": promotion.version_id,
        "model": promotion.version.model_id,
        "environment": promotion.environment_id,
        **more,
    }
    record(actor=by, verb=verb, subject=promotion, project_id=promotion.project_id, data=data)
