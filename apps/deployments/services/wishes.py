"""What a person asks of a release under way. Its job answers at its next look."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core import live
from apps.deployments.errors import AlreadyAsked, Frozen, NotNow, ReleaseOver
from apps.deployments.models import Deployment, Release
from apps.deployments.services.telling import frozen, record_release

State, Wish = Release.State, Release.Wish
MOVES = (State.MOVING, State.PAUSED)


@transaction.atomic
def ask_pause(*, release: Release, by: AbstractUser, reason: str = "") -> Release:
    """Ask that the traffic stays as it is; the judge goes on watching."""
    row = _locked(release)
    if row.state not in MOVES or row.wish == Wish.PAUSE:
        raise _not_now(row, "paused", "only traffic that is moving can stand still.")
    return _ask(row, Wish.PAUSE, by, reason)


@transaction.atomic
def ask_resume(*, release: Release, by: AbstractUser, reason: str = "") -> Release:
    """Ask that a paused release goes on."""
    row = _locked(release)
    if row.state != State.PAUSED:
        raise _not_now(row, "resumed", "it is not paused.")
    _refuse_frozen(row)
    return _ask(row, Wish.RESUME, by, reason)


@transaction.atomic
def ask_promote(*, release: Release, by: AbstractUser, reason: str = "") -> Release:
    """Ask that a release takes all the traffic now, whatever steps are left."""
    row = _locked(release)
    if row.state not in MOVES:
        raise _not_now(row, "promoted", "its model servers are not ready yet.")
    _refuse_frozen(row)
    return _ask(row, Wish.PROMOTE, by, reason)


@transaction.atomic
def ask_abort(*, release: Release, by: AbstractUser, reason: str = "") -> Release:
    """Ask that a release ends and the traffic is where it was."""
    return _ask(_locked(release), Wish.ABORT, by, reason)


def _locked(release: Release) -> Release:
    # The deployment's lock decides who is first: two people, or a person and the job.
    Deployment.objects.select_for_update().get(pk=release.deployment_id)
    joined = Release.objects.select_related("deployment__environment", "version__model")
    row = joined.select_related("wished_by").get(pk=release.pk)
    if row.state not in Release.IN_FLIGHT:
        raise ReleaseOver(release=str(row), state=row.get_state_display())
    if is_waiting(row):
        who = row.wished_by.username if row.wished_by else "somebody"
        raise AlreadyAsked(who=who, wish=row.wish, release=str(row))
    return row


def is_waiting(row: Release) -> bool:
    """Whether a wish has not been answered yet. That for a pause stays as long as the pause."""
    return bool(row.wish) and not (row.wish == Wish.PAUSE and row.state == State.PAUSED)


def _refuse_frozen(row: Release) -> None:
    """A freeze holds the way forward; the way back is always open."""
    freeze = frozen(row, timezone.now())
    if freeze is not None:
        raise Frozen(
            environment=row.deployment.environment.name,
            until=f"{freeze.ends_at:%F %H:%M} UTC",
            reason=freeze.reason,
        )


def _not_now(row: Release, asked: str, remedy: str) -> NotNow:
    return NotNow(release=str(row), state=row.get_state_display(), asked=asked, remedy=remedy)


def _ask(row: Release, wish: Release.Wish, by: AbstractUser, reason: str) -> Release:
    row.wish, row.wished_by_id, row.note = wish, by.pk, reason[:500]
    row.save(update_fields=["wish", "wished_by", "note"])
    record_release(row, verb=f"deployments.{wish.value}_asked", by=by)
    live.changed(row.deployment.topic)
    return row
