from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core.errors import Invalid
from apps.ledger.services import record
from apps.models import errors
from apps.models.models import Gate, ModelVersion, Promotion, Waiver
from apps.models.services.places import check_place

LONGEST = timedelta(days=90)


@transaction.atomic
def grant_waiver(
    *, gate: Gate, version: ModelVersion, reason: str, expires_at: datetime, by: AbstractUser
) -> Waiver:
    """Let a gate pass for one version until a day. Never for what one asked to promote oneself."""
    # The gate's row is the lock: two maintainers cannot both find it unwaived.
    gate = (
        Gate.objects.select_for_update(of=("self",)).select_related("environment").get(pk=gate.pk)
    )
    check_place(version.project, gate.environment)
    _check_person(gate, version, by)
    _check_expiry(expires_at)
    if not reason.strip():
        raise Invalid(field="reason", reason="say why the gate may fail for this version")
    _end_expired(gate, version)
    waiver = Waiver.objects.create(
        project_id=gate.project_id,
        gate=gate,
        version=version,
        reason=reason.strip(),
        by_id=by.pk,
        expires_at=expires_at,
    )
    _record("models.waiver_granted", waiver, by)
    return waiver


@transaction.atomic
def withdraw_waiver(*, waiver: Waiver, by: AbstractUser) -> Waiver:
    """Let the waiver hold no more. What it let pass stays as it was."""
    row = Waiver.objects.select_for_update().get(pk=waiver.pk)
    if not row.holds:
        raise errors.WaiverOver
    row.withdrawn_at = timezone.now()
    row.save(update_fields=["withdrawn_at"])
    _record("models.waiver_withdrawn", row, by)
    return row


def holding_waiver(gate: Gate, promotion: Promotion) -> Waiver | None:
    """The waiver that lets the gate pass for this promotion: not one of the asker's own."""
    found = Waiver.objects.holding_at(timezone.now()).filter(gate=gate, version=promotion.version)
    return found.exclude(by_id=promotion.requested_by_id).first()


def _check_person(gate: Gate, version: ModelVersion, by: AbstractUser) -> None:
    if isinstance(by, User) and by.is_service:
        raise errors.WaiverByService
    if version.model_id != gate.model_id:
        raise errors.OtherModel
    asked = Promotion.objects.filter(version=version, environment=gate.environment)
    newest = asked.order_by("-pk").first()
    if newest is not None and newest.requested_by_id == by.pk:
        raise errors.WaiverByAsker


def _check_expiry(expires_at: datetime) -> None:
    now = timezone.now()
    if not now < expires_at <= now + LONGEST:
        raise Invalid(
            field="expires_at", reason=f"a moment within the next {LONGEST.days} days; not for ever"
        )


def _end_expired(gate: Gate, version: ModelVersion) -> None:
    """An expired waiver makes room for a new one; one that holds does not."""
    present = Waiver.objects.filter(gate=gate, version=version, withdrawn_at=None).first()
    if present is None:
        return
    if present.holds:
        until = f"{present.expires_at:%Y-%m-%d}"
        raise errors.WaiverTaken(number=version.number, until=until)
    present.withdrawn_at = present.expires_at
    present.save(update_fields=["withdrawn_at"])


def _record(verb: str, waiver: Waiver, by: AbstractUser) -> None:
    data = {
        "gate": waiver.gate_id,
        "version": waiver.version_id,
        "expires_at": waiver.expires_at.isoformat(),
    }
    record(actor=by, verb=verb, subject=waiver, project_id=waiver.project_id, data=data)
