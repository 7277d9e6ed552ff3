"""Writes to schedules: rotations, overrides, calendars in and out."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from apps.accounts.models import User
from apps.core.errors import Conflict, Invalid
from apps.incidents.models import CalendarLink, Layer, Override, RungTarget, Schedule, Turn
from apps.incidents.oncall import selectors
from apps.incidents.oncall.errors import StillNeeded
from apps.ledger.services import record
from apps.projects.models import Project

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
LONGEST_OVERRIDE = timedelta(days=366)
MOST_LAYERS, MOST_PEOPLE, MOST_OVERRIDES = 12, 50, 2_000
LONGEST = {"hours": 366, "days": 366, "weeks": 52}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a rotation is to be."""

    name: str
    people: Sequence[User]
    starts_on: date
    hand_over: time = time(9)
    length: int = 1
    unit: str = Layer.Unit.WEEKS
    weekdays: Sequence[int] = ()
    opens: time | None = None
    closes: time | None = None


@transaction.atomic
def create_schedule(
    *, project: Project, name: str, zone: str, by: AbstractUser, shapes: Sequence[Shape] = ()
) -> Schedule:
    """A schedule of a project, with its first rotations."""
    schedule = Schedule(project=project, **_fields(name, zone))
    _save(schedule)
    for shape in shapes:
        _add(schedule, shape)
    _record("incidents.schedule_created", schedule, by, zone=zone)
    return schedule


@transaction.atomic
def change_schedule(*, schedule: Schedule, name: str, zone: str, by: AbstractUser) -> Schedule:
    """Another name, or the clock of another zone."""
    locked = _locked(schedule)
    for field, value in _fields(name, zone).items():
        setattr(locked, field, value)
    _save(locked)
    _record("incidents.schedule_changed", locked, by, zone=zone)
    return locked


@transaction.atomic
def remove_schedule(*, schedule: Schedule, by: AbstractUser) -> None:
    """Take a schedule away, unless a policy pages it."""
    locked = _locked(schedule)
    used = RungTarget.objects.filter(schedule=locked).select_related("rung__policy").first()
    if used is not None:
        raise StillNeeded(what=locked.name, policy=used.rung.policy.name)
    _record("incidents.schedule_removed", locked, by)
    locked.delete()


@transaction.atomic
def add_layer(*, schedule: Schedule, shape: Shape, by: AbstractUser) -> Layer:
    """A rotation above those that are there."""
    locked = _locked(schedule)
    layer = _add(locked, shape)
    _record("incidents.layer_added", locked, by, layer=layer.pk)
    return layer


@transaction.atomic
def change_layer(*, layer: Layer, shape: Shape, by: AbstractUser) -> Layer:
    """Another rotation in the same place."""
    schedule = _locked(layer.schedule)
    for field, value in _shaped(schedule, shape).items():
        setattr(layer, field, value)
    layer.save()
    _seat(layer, shape.people)
    _record("incidents.layer_changed", schedule, by, layer=layer.pk)
    return layer


@transaction.atomic
def raise_layer(*, layer: Layer, by: AbstractUser) -> None:
    """Let a rotation count before the one above it."""
    schedule = _locked(layer.schedule)
    layer = schedule.layers.get(pk=layer.pk)
    above = schedule.layers.filter(position__gt=layer.position).order_by("position").first()
    if above is None:
        return
    schedule.layers.filter(pk=layer.pk).update(position=above.position)
    schedule.layers.filter(pk=above.pk).update(position=layer.position)
    _record("incidents.layer_raised", schedule, by, layer=layer.pk)


@transaction.atomic
def remove_layer(*, layer: Layer, by: AbstractUser) -> None:
    """Take a rotation away."""
    schedule = _locked(layer.schedule)
    _record("incidents.layer_removed", schedule, by, layer=layer.pk)
    layer.delete()


@transaction.atomic
def replace_layers(*, schedule: Schedule, shapes: Sequence[Shape], by: AbstractUser) -> Schedule:
    """These rotations in place of all that are there, the first at the bottom."""
    locked = _locked(schedule)
    locked.layers.all().delete()
    for shape in shapes:
        _add(locked, shape)
    _record("incidents.layers_replaced", locked, by, layers=len(shapes))
    return locked


@transaction.atomic
def rework_schedule(
    *, schedule: Schedule, name: str, zone: str, shapes: Sequence[Shape] | None, by: AbstractUser
) -> Schedule:
    """Name, zone and, where given, all rotations at once."""
    changed = change_schedule(schedule=schedule, name=name, zone=zone, by=by)
    if shapes is None:
        return changed
    return replace_layers(schedule=changed, shapes=shapes, by=by)


@transaction.atomic
def add_override(
    *, schedule: Schedule, user: User, starts_at: datetime, ends_at: datetime, by: AbstractUser
) -> Override:
    """Put somebody on call for a while, whatever the rotations say."""
    locked = _locked(schedule)
    if ends_at <= starts_at:
        raise Invalid(field="ends_at", reason="choose a time after its start")
    if ends_at - starts_at > LONGEST_OVERRIDE:
        raise Invalid(
            field="ends_at", reason=f"at most {LONGEST_OVERRIDE.days} days after its start"
        )
    if ends_at <= timezone.now():
        raise Invalid(field="ends_at", reason="choose a time in the future")
    _may_be_on_call(locked, [user], field="user")
    if locked.overrides.filter(ends_at__gt=timezone.now()).count() >= MOST_OVERRIDES:
        raise Conflict(reason=f"{locked.name} has {MOST_OVERRIDES} overrides ahead already.")
    override = Override.objects.create(
        schedule=locked, user=user, starts_at=starts_at, ends_at=ends_at, set_by_id=by.pk
    )
    _record("incidents.override_added", locked, by, override=override.pk, user=user.pk)
    return override


@transaction.atomic
def remove_override(*, override: Override, by: AbstractUser) -> None:
    """Let the rotations decide again; what has passed already stays on record."""
    schedule = _locked(override.schedule)
    if override.source_id is not None:
        raise Conflict(
            reason="It comes from a calendar. Change it there, or take the calendar away."
        )
    now = timezone.now()
    _record("incidents.override_removed", schedule, by, override=override.pk)
    if override.starts_at < now < override.ends_at:
        Override.objects.filter(pk=override.pk).update(ends_at=now)
    else:
        override.delete()


@transaction.atomic
def make_link(*, user: User, schedule: Schedule | None) -> tuple[CalendarLink, str]:
    """A fresh secret address for a calendar program; the one before it ends. The secret is told once."""
    # Lock the person, so that two clicks do not both find no link.
    User.objects.select_for_update().get(pk=user.pk)
    _end_links(user, schedule)
    secret = secrets.token_urlsafe(32)
    link = CalendarLink.objects.create(user=user, schedule=schedule, digest=digest_of(secret))
    _record_link("incidents.calendar_link_made", link, user)
    return link, secret


@transaction.atomic
def revoke_link(*, link: CalendarLink, by: AbstractUser) -> None:
    """End an address: whoever knows it finds nothing any more."""
    if CalendarLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now()):
        _record_link("incidents.calendar_link_revoked", link, by)


def link_of(secret: str) -> CalendarLink | None:
    """The living link behind a secret address."""
    found = CalendarLink.objects.filter(
        digest=digest_of(secret), revoked_at=None, user__is_active=True
    )
    return found.select_related("user", "schedule__project").first()


def digest_of(secret: str) -> str:
    """What is stored of an address; it has 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _end_links(user: User, schedule: Schedule | None) -> None:
    held = CalendarLink.objects.filter(user=user, schedule=schedule, revoked_at=None)
    held.update(revoked_at=timezone.now())


def _record_link(verb: str, link: CalendarLink, by: AbstractUser) -> None:
    project_id = link.schedule.project_id if link.schedule else None
    record(actor=by, verb=verb, subject=link, project_id=project_id, data={})


def _add(schedule: Schedule, shape: Shape) -> Layer:
    if schedule.layers.count() >= MOST_LAYERS:
        raise Conflict(reason=f"A schedule has at most {MOST_LAYERS} rotations.")
    last = schedule.layers.aggregate(last=Max("position"))["last"]
    position = 1 if last is None else last + 1
    layer = Layer.objects.create(schedule=schedule, position=position, **_shaped(schedule, shape))
    _seat(layer, shape.people)
    return layer


def _seat(layer: Layer, people: Sequence[User]) -> None:
    layer.turns.all().delete()
    Turn.objects.bulk_create(
        Turn(layer=layer, position=position, user=user)
        for position, user in enumerate(people, start=1)
    )


def _shaped(schedule: Schedule, shape: Shape) -> dict[str, Any]:
    _check(shape)
    _may_be_on_call(schedule, shape.people, field="people")
    return {
        "name": shape.name.strip(),
        "starts_on": shape.starts_on,
        "hand_over": shape.hand_over.replace(second=0, microsecond=0),
        "length": shape.length,
        "unit": shape.unit,
        "weekdays": sorted(set(shape.weekdays)),
        "opens": shape.opens,
        "closes": shape.closes,
    }


def _check(shape: Shape) -> None:
    if not 0 < len(shape.name.strip()) <= 100:
        raise Invalid(field="name", reason="1 to 100 characters")
    if not 0 < len(shape.people) <= MOST_PEOPLE:
        raise Invalid(field="people", reason=f"name 1 to {MOST_PEOPLE} people")
    if not EARLIEST <= shape.starts_on <= LATEST:
        raise Invalid(
            field="starts_on", reason=f"choose a day from {EARLIEST.year} to {LATEST.year}"
        )
    if shape.unit not in LONGEST:
        raise Invalid(field="unit", reason=f"choose one of {', '.join(LONGEST)}")
    if not 1 <= shape.length <= LONGEST[shape.unit]:
        raise Invalid(field="length", reason=f"1 to {LONGEST[shape.unit]} {shape.unit}")
    if not set(shape.weekdays) <= set(range(7)):
        raise Invalid(field="weekdays", reason="0 for Monday to 6 for Sunday")
    if (shape.opens is None) != (shape.closes is None):
        raise Invalid(field="closes", reason="give both hours, or none")


def _may_be_on_call(schedule: Schedule, people: Sequence[User], *, field: str) -> None:
    able = selectors.responders([schedule.project_id])[schedule.project_id]
    for person in people:
        if person.pk not in able:
            reason = f"{person.username} needs the responder role in the project"
            raise Invalid(field=field, reason=reason)


def _fields(name: str, zone: str) -> dict[str, str]:
    name = name.strip()
    if not 0 < len(name) <= 100:
        raise Invalid(field="name", reason="1 to 100 characters")
    if zone not in available_timezones():
        raise Invalid(field="zone", reason="choose a zone such as Europe/Berlin")
    return {"name": name, "zone": zone}


def _save(schedule: Schedule) -> None:
    try:
        with transaction.atomic():
            schedule.save()
    except IntegrityError as error:
        reason = f"name: {schedule.project.name} has a schedule {schedule.name} already."
        raise Conflict(reason=reason) from error


def _locked(schedule: Schedule) -> Schedule:
    # Two people may edit at once; rotations keep their order.
    held = Schedule.objects.select_for_update(of=("self",)).select_related("project")
    return held.get(pk=schedule.pk)


def _record(verb: str, schedule: Schedule, by: AbstractUser | None, **data: Any) -> None:
    record(
        actor=by,
        verb=verb,
        subject=schedule,
        project_id=schedule.project_id,
        data={"name": schedule.name, **data},
    )
