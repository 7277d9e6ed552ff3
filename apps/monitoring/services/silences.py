"""What is to tell nobody for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core.errors import Conflict, Invalid
from apps.monitoring.alerting import matchers
from apps.monitoring.alerting.matchers import Matcher
from apps.monitoring.models import Silence
from apps.monitoring.services import settling
from apps.monitoring.services.journal import note_rule
from apps.projects.models import Project

MOST_OPEN = 500  # silences of one project at a time
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Stretch:
    """When a silence holds: once, or every day or week until `until`, by the clock of `zone`."""

    starts_at: datetime
    ends_at: datetime
    repeats: str = Silence.Repeats.NEVER
    until: datetime | None = None
    zone: str = "UTC"


@transaction.atomic
def create_silence(
    *,
    project: Project,
    wanted: Sequence[Matcher],
    stretch: Stretch,
    comment: str,
    by: AbstractUser,
) -> Silence:
    """Silence what matches; what fires already is silenced at once, where the stretch has begun."""
    checked = matchers.checked(wanted, some=True)
    _check(stretch)
    # Two at once must not go beyond the limit together, nor settle alerts under each other.
    settling.lock(project.pk)
    if settling.current(project.pk).count() >= MOST_OPEN:
        reason = f"{project.name} has {MOST_OPEN} silences already; end some first."
        raise Conflict(reason=reason)
    silence = Silence.objects.create(
        project=project,
        matchers=[matcher.packed() for matcher in checked],
        starts_at=stretch.starts_at,
        ends_at=stretch.ends_at,
        repeats=stretch.repeats,
        until=stretch.until,
        zone=stretch.zone,
        comment=comment.strip()[:500],
        created_by_id=by.pk,
    )
    data = {"repeats": silence.repeats, "until": stretch.ends_at.isoformat()}
    note_rule(silence, verb="monitoring.silence_created", by=by, data=data)
    settling.follow(project.pk)
    return silence


@transaction.atomic
def end_silence(*, silence: Silence, by: AbstractUser) -> Silence:
    """End a silence early; what it held and still fires is told now. Ended twice, it is ended once."""
    ended = Silence.objects.filter(pk=silence.pk, ended_at=None)
    if ended.update(ended_at=timezone.now(), ended_by_id=by.pk):
        note_rule(silence, verb="monitoring.silence_ended", by=by)
        settling.follow(silence.project_id)
    silence.refresh_from_db()
    return silence


def _check(stretch: Stretch) -> None:
    lasts = stretch.ends_at - stretch.starts_at
    if lasts <= timedelta(0):
        raise Invalid(field="ends_at", reason="choose a time after its start")
    if lasts > LONGEST:
        raise Invalid(field="ends_at", reason=f"at most {LONGEST.days} days after its start")
    if stretch.repeats == Silence.Repeats.NEVER and stretch.ends_at <= timezone.now():
        raise Invalid(field="ends_at", reason="choose a time in the future")
    every = {Silence.Repeats.DAILY: 1, Silence.Repeats.WEEKLY: 7}.get(
        Silence.Repeats(stretch.repeats)
    )
    if every is not None and lasts > timedelta(days=every):
        raise Invalid(field="ends_at", reason="it must end before it begins again")
    try:
        ZoneInfo(stretch.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(field="zone", reason="choose a zone such as Europe/Berlin") from error
