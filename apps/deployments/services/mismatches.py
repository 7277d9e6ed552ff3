from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from pydantic import ValidationError

from apps.core import events, jobs, live
from apps.deployments import selectors, selectors_mismatches, targets
from apps.deployments.configs import Config
from apps.deployments.errors import MismatchOver, NotAdoptable, OnlyObserved
from apps.deployments.events import MismatchEnded, MismatchFound
from apps.deployments.models import Configuration, Deployment, Mismatch, Release, Replica
from apps.deployments.services.releases import request_release
from apps.deployments.services.telling import routes_changed
from apps.deployments.targets import Difference
from apps.ledger.services import record
from apps.models import services as models
from apps.models.models import ModelVersion

Kind, End = Mismatch.Kind, Mismatch.End
REVERT = "deployments.revert_mismatch"
_SCALE = re.compile(r"(\d+)(?: to (\d+))?")
_SETTINGS = re.compile(r"(?:memory: (\d+) MB)?(?:; )?(?:cpu: (any|\d+m))?")
_VERSION = re.compile(r"(?:version )?(\d+)")


@transaction.atomic
def note_mismatches(
    *,
    deployment: Deployment,
    found: Collection[Difference],
    judged: Collection[Mismatch.Kind],
    at: datetime,
) -> None:
    """Keep what a look at `at` found of the kinds that it judged; each is open once.

    What a later look or a decision has overtaken is dropped.
    """
    Deployment.objects.select_for_update().get(pk=deployment.pk)
    overtaken = Q(seen_at__gt=at) | Q(ended_at__gt=at)
    if deployment.mismatches.filter(overtaken, kind__in=judged).exists():
        return
    open_now = {row.kind: row for row in selectors_mismatches.open_mismatches(deployment)}
    for difference in found:
        _keep(deployment, difference, open_now.pop(difference.kind, None), at)
    for kind, row in open_now.items():
        if kind in judged:
            _end(row, End.GONE, verb="deployments.mismatch_gone", by=None)


def _keep(deployment: Deployment, seen: Difference, row: Mismatch | None, at: datetime) -> None:
    said = {"wanted": seen.wanted[:300], "found": seen.found[:300], "seen_at": at}
    if row is not None:
        Mismatch.objects.filter(pk=row.pk).update(**said)
        return
    made = Mismatch.objects.create(deployment=deployment, kind=seen.kind, since=at, **said)
    _tell(made, "deployments.mismatch_found", by=None)
    events.publish(MismatchFound(mismatch_id=made.pk))


@transaction.atomic
def adopt_mismatch(*, mismatch: Mismatch, by: AbstractUser, reason: str = "") -> Mismatch:
    """Take what was found as wanted: a new configuration, or a release of the version found."""
    row = _undecided(mismatch)
    if row.kind in {Kind.VERSION, Kind.ALIAS}:
        version = _version_found(row)
        request_release(deployment=row.deployment, version=version, by=by, reason=reason)
    else:
        _configure(row, _change(row), by, reason)
    _end(row, End.ADOPTED, verb="deployments.mismatch_adopted", by=by)
    return row


@transaction.atomic
def revert_mismatch(*, mismatch: Mismatch, by: AbstractUser, reason: str = "") -> Mismatch:
    """Have what was wanted come back: a job tells the target; an alias moves by its own way."""
    row = _undecided(mismatch)
    if row.kind == Kind.ALIAS:
        _revert_alias(row, by, reason)
        _end(row, End.REVERTED, verb="deployments.mismatch_reverted", by=by)
        return row
    connection = row.deployment.connection
    if connection is not None and not targets.changes(connection):
        raise OnlyObserved(name=connection.name)
    Mismatch.objects.filter(pk=row.pk).update(ended_by_id=by.pk)
    _tell(row, "deployments.mismatch_revert_asked", by=by)
    jobs.enqueue(
        REVERT,
        owner=by,
        project_id=row.deployment.project_id,
        key=f"{REVERT}:{row.pk}",
        mismatch_id=row.pk,
    )
    return row


@transaction.atomic
def finish_revert(*, mismatch_id: int) -> None:
    """The target has taken what was wanted. Safe to run twice."""
    row = _locked(mismatch_id)
    if row is not None and row.end == End.OPEN:
        _end(row, End.REVERTED, verb="deployments.mismatch_reverted", by=row.ended_by)


def _undecided(mismatch: Mismatch) -> Mismatch:
    row = _locked(mismatch.pk)
    if row is None or row.end != End.OPEN:
        raise MismatchOver(end=End(row.end).label if row else "it is gone")
    return row


def _locked(pk: int) -> Mismatch | None:
    rows = Mismatch.objects.select_for_update(of=("self",)).filter(pk=pk)
    joined = rows.select_related(
        "deployment__connection", "deployment__environment", "deployment__model", "ended_by"
    )
    return joined.first()


def _change(row: Mismatch) -> dict[str, Any]:
    """What the configuration has to say so that what was found is wanted."""
    if row.kind == Kind.SCALE and (seen := _SCALE.fullmatch(row.found)):
        return {"replicas": int(seen[1]), "most_replicas": int(seen[2] or 0)}
    if row.kind == Kind.IMAGE:
        return {"runtime": {"image": row.found}}
    if row.kind == Kind.SETTINGS and (seen := _SETTINGS.fullmatch(row.found)):
        memory = {"limits": {"memory_mb": int(seen[1])}} if seen[1] else {}
        cpu = {"runtime": {"cpu": "" if seen[2] == "any" else seen[2]}} if seen[2] else {}
        return memory | cpu
    if row.kind == Kind.MISSING:
        raise NotAdoptable(reason="there is nothing there.")
    raise NotAdoptable(reason="a configuration holds memory and cores, and no such setting.")


def _configure(row: Mismatch, change: Mapping[str, Any], by: AbstractUser, reason: str) -> None:
    """The live release gets a configuration of what was found; edits that wait for a release stay."""
    release = selectors.live_release(row.deployment)
    if release is None:
        raise NotAdoptable(reason="nothing is live.")
    bodies = [selectors.config_of(release)]
    newest = selectors.config(row.deployment)
    if newest != bodies[0]:
        bodies.append(newest)
    made = [_new_configuration(row.deployment, body, change, by, reason) for body in bodies]
    Release.objects.filter(pk=release.pk).update(configuration=made[0])
    release.configuration = made[0]
    _match_rows(release)


def _new_configuration(
    deployment: Deployment, body: Config, change: Mapping[str, Any], by: AbstractUser, reason: str
) -> Configuration:
    changed = body.model_dump(mode="json")
    for name, value in change.items():
        changed[name] = {**changed[name], **value} if isinstance(value, dict) else value
    try:
        checked = Config.model_validate(changed)
    except ValidationError as error:
        told = error.errors()[0]
        where = ".".join(map(str, told["loc"]))
        raise NotAdoptable(reason=f"{where}: {told['msg']}.") from error
    last = deployment.configurations.aggregate(last=Max("number"))["last"] or 0
    return Configuration.objects.create(
        deployment=deployment,
        number=last + 1,
        body=checked.model_dump(mode="json"),
        note=reason or "Adopted from what the target runs.",
        by_id=by.pk,
    )


def _match_rows(release: Release) -> None:
    """As many rows as replicas, all of the same workload: the reconciler gives each its server."""
    wanted = selectors.config_of(release).replicas
    rows = list(release.replicas.filter(retired_at=None).order_by("port", "pk"))
    node = rows[0].node if rows else ""
    missing = range(wanted - len(rows))
    Replica.objects.bulk_create(Replica(release=release, node=node) for _ in missing)
    surplus = [row.pk for row in rows[wanted:]]
    release.replicas.filter(pk__in=surplus).update(retired_at=timezone.now())
    routes_changed(release.deployment)


def _version_found(row: Mismatch) -> ModelVersion:
    seen = _VERSION.fullmatch(row.found)
    versions = ModelVersion.objects.live().filter(model=row.deployment.model_id)
    found = versions.filter(number=int(seen[1])).first() if seen else None
    if found is None:
        raise NotAdoptable(reason=f"{row.deployment.model.name} has no version {row.found[:60]}.")
    return found


def _revert_alias(row: Mismatch, by: AbstractUser, reason: str) -> None:
    """A move around the portal is taken back as such; any other by promoting what is live."""
    release = selectors.live_release(row.deployment)
    if release is None:
        raise NotAdoptable(reason="nothing is live.")
    why = reason or "What is live shall stay."
    if case := selectors_mismatches.undecided_move(row.deployment):
        models.request_revert(case=case, by=by, reason=why)
        return
    models.request_promotion(
        version=release.version, environment=row.deployment.environment, by=by, note=why
    )


def _end(row: Mismatch, end: Mismatch.End, *, verb: str, by: AbstractUser | None) -> None:
    now = timezone.now()
    values = {"end": end, "ended_at": now, "ended_by_id": by.pk if by else None}
    if not Mismatch.objects.filter(pk=row.pk, end=End.OPEN).update(**values):
        return
    for name, value in values.items():
        setattr(row, name, value)
    _tell(row, verb, by=by)
    events.publish(MismatchEnded(mismatch_id=row.pk))


def _tell(row: Mismatch, verb: str, *, by: AbstractUser | None) -> None:
    """One row in the ledger, under the deployment; pages look again."""
    record(
        actor=by,
        verb=verb,
        subject=row.deployment,
        project_id=row.deployment.project_id,
        data={"mismatch": row.pk, "kind": row.kind},
    )
    live.changed(row.deployment.topic)
