"""Reads of on call: schedules as plans, who is on now and next, what was paged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.core.access import Person, Role
from apps.incidents.models import (
    CalendarLink,
    Call,
    ContactRule,
    Escalation,
    Incident,
    Layer,
    Override,
    Page,
    Policy,
    PushKeys,
    PushSubscription,
    QuietHours,
    RungTarget,
    Schedule,
)
from apps.incidents.models.paging import CallQuerySet
from apps.incidents.oncall import rotation
from apps.incidents.oncall.rotation import Plan, Rotation, Span, StandIn
from apps.integrations import catalog
from apps.integrations import selectors as integrations
from apps.integrations.models import Connection, ConnectionQuerySet
from apps.integrations.ports import Notifier, Pager
from apps.projects.models import Grant, Project
from apps.projects.querysets import InProjectQuerySet

AHEAD = timedelta(days=35)  # a rotation of a month is seen to its end
GATE_AHEAD = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is on call at a schedule now, until when, and who follows."""

    schedule: Schedule
    now: User | None
    until: datetime | None
    next: User | None
    next_at: datetime | None
    gap: Span | None = None  # the first stretch ahead without anybody


@dataclass(frozen=True, slots=True)
class Shown:
    """One stretch with the people behind its numbers."""

    starts: datetime
    ends: datetime
    person: User | None
    by: str = ""
    instead_of: User | None = None


@dataclass(frozen=True, slots=True)
class OnCallNow:
    """What an evidence pack and the pages say of a project: who answers now, and by which policy."""

    project: Project
    standings: list[Standing]
    fallback: list[User] = field(default_factory=list)

    @property
    def people(self) -> list[User]:
        """Everybody on call now, each once."""
        return list({found.now.pk: found.now for found in self.standings if found.now}.values())


def schedules(user: Person) -> InProjectQuerySet[Schedule]:
    """The schedules of projects that the person may see."""
    return Schedule.objects.visible_to(user).select_related("project")


def with_layers(found: InProjectQuerySet[Schedule]) -> InProjectQuerySet[Schedule]:
    """The same with their rotations and the people in them."""
    return found.prefetch_related("layers__turns__user")


def overrides(user: Person) -> QuerySet[Override]:
    """The overrides of schedules that the person may see, newest first."""
    found = Override.objects.visible_to(user)
    return found.select_related("schedule__project", "user", "set_by", "source")


def policies(user: Person) -> InProjectQuerySet[Policy]:
    """The policies of projects that the person may see, with their steps."""
    targets = RungTarget.objects.select_related("schedule", "user", "connection")
    found = Policy.objects.visible_to(user).select_related("project")
    return found.prefetch_related("rungs", Prefetch("rungs__targets", targets))


def policy_for(project_id: int, severity: str) -> Policy | None:
    """The policy of a severity, else the project's policy for all others."""
    found = Policy.objects.filter(project_id=project_id, severity__in=[severity, ""])
    return found.order_by("-severity").first()


def responders(project_ids: Iterable[int]) -> dict[int, set[int]]:
    """By project the ids of the active people who may take up its incidents."""
    ids = list(project_ids)
    found: dict[int, set[int]] = defaultdict(set)
    able = Grant.objects.filter(project_id__in=ids, role__gte=Role.RESPONDER)
    alone = able.filter(user__is_active=True, user__kind=User.Kind.PERSON)
    teams = able.filter(team__members__is_active=True, team__members__kind=User.Kind.PERSON)
    for project_id, user_id in [
        *alone.values_list("project_id", "user_id"),
        *teams.values_list("project_id", "team__members"),
    ]:
        found[project_id].add(user_id)
    admins = set(_admins().values_list("pk", flat=True))
    return {project_id: found[project_id] | admins for project_id in ids}


def responders_of(project: Project) -> QuerySet[User]:
    """The people who may be put on call in a project."""
    return User.objects.filter(pk__in=responders([project.pk])[project.pk]).order_by("username")


def plans(found: Sequence[Schedule], since: datetime, until: datetime) -> dict[int, Plan]:
    """Each schedule ready to be computed for a stretch, by its id."""
    ids = [row.pk for row in found]
    able = responders({row.project_id for row in found})
    layers: dict[int, list[Layer]] = defaultdict(list)
    for layer in Layer.objects.filter(schedule_id__in=ids).prefetch_related("turns"):
        layers[layer.schedule_id].append(layer)
    stand_ins: dict[int, list[Override]] = defaultdict(list)
    touching = Override.objects.filter(schedule_id__in=ids).touching(since, until)
    for override in touching.order_by("-pk"):
        stand_ins[override.schedule_id].append(override)
    return {
        row.pk: _plan(row, layers[row.pk], stand_ins[row.pk], able[row.project_id]) for row in found
    }


def plan(schedule: Schedule, since: datetime, until: datetime) -> Plan:
    """One schedule ready to be computed for a stretch."""
    return plans([schedule], since, until)[schedule.pk]


def _plan(
    row: Schedule, layers: Iterable[Layer], found: Iterable[Override], able: set[int]
) -> Plan:
    rotations = tuple(as_rotation(layer) for layer in layers)
    stand_ins = tuple(StandIn(one.user_id, one.starts_at, one.ends_at) for one in found)
    people = {person for each in rotations for person in each.people}
    people |= {one.person for one in stand_ins}
    return Plan(row.zone, rotations, stand_ins, frozenset(people - able))


def as_rotation(layer: Layer) -> Rotation:
    """A layer as the computation needs it."""
    return Rotation(
        name=layer.name,
        people=tuple(turn.user_id for turn in layer.turns.all()),
        first=datetime.combine(layer.starts_on, layer.hand_over),
        length=layer.length * rotation.STEP[layer.unit],
        weekdays=frozenset(layer.weekdays),
        opens=layer.opens,
        closes=layer.closes,
    )


def standings(found: Sequence[Schedule], at: datetime | None = None) -> list[Standing]:
    """Who is on call at each schedule now and next."""
    at = at or timezone.now()
    until = at + AHEAD
    known = plans(found, at, until)
    spans = {row.pk: rotation.spans(known[row.pk], at, until) for row in found}
    people = _people(duty.person for some in spans.values() for span in some if (duty := span.duty))
    return [_standing(row, spans[row.pk], people) for row in found]


def _standing(row: Schedule, some: list[Span], people: dict[int, User]) -> Standing:
    turns = rotation.shifts(some)
    first = some[0]
    now = next((turn for turn in turns if turn.starts <= first.starts < turn.ends), None)
    after = next((turn for turn in turns if turn.starts > first.starts), None)
    gap = next(iter(rotation.gaps(some)), None)
    return Standing(
        schedule=row,
        now=people[now.duty.person] if now and now.duty else None,
        until=now.ends if now else None,
        next=people[after.duty.person] if after and after.duty else None,
        next_at=after.starts if after else None,
        gap=gap,
    )


def on_call(schedule: Schedule, at: datetime) -> User | None:
    """The person on call at a moment."""
    duty = rotation.who(plan(schedule, at, at + timedelta(seconds=1)), at)
    return User.objects.filter(pk=duty.person).first() if duty else None


def stretches(schedule: Schedule, since: datetime, until: datetime) -> list[Shown]:
    """The schedule between two moments, gaps included."""
    some = rotation.spans(plan(schedule, since, until), since, until)
    duties = [span.duty for span in some if span.duty]
    ids = {duty.person for duty in duties} | {one for duty in duties if (one := duty.instead_of)}
    people = _people(ids)
    return [_shown(span, people) for span in some]


def _shown(span: Span, people: dict[int, User]) -> Shown:
    if span.duty is None:
        return Shown(span.starts, span.ends, None)
    instead = people.get(span.duty.instead_of or 0)
    return Shown(span.starts, span.ends, people.get(span.duty.person), span.duty.by, instead)


def departed(schedule: Schedule) -> list[User]:
    """People in the rotations who may not take up incidents any more; others take their shifts."""
    now = timezone.now()
    gone = plan(schedule, now, now + AHEAD).gone
    return list(User.objects.filter(pk__in=gone).order_by("username"))


def shifts_of(user: User, since: datetime, until: datetime) -> list[tuple[Schedule, Span]]:
    """The shifts of one person at all schedules they may see, in order."""
    turns = Q(layers__turns__user_id=user.pk) | Q(overrides__user_id=user.pk)
    found = list(schedules(user).filter(turns).distinct())
    known = plans(found, since, until)
    mine = [
        (row, span)
        for row in found
        for span in rotation.shifts(rotation.spans(known[row.pk], since, until))
        if span.duty and span.duty.person == user.pk
    ]
    return sorted(mine, key=lambda each: each[1].starts)


def now(project: Project) -> OnCallNow:
    """Who is on call in a project now: its schedules, and who is asked where none has anybody."""
    found = list(Schedule.objects.filter(project=project).select_related("project"))
    return OnCallNow(project, standings(found), fallback(project))


def fallback(project: Project) -> list[User]:
    """Whom a page reaches where nobody is on call: the owner, else the deputy, else the site's admins."""
    for person in (project.owner, project.deputy):
        if person is not None and person.is_active:
            return [person]
    return list(_admins())


def _admins() -> QuerySet[User]:
    return User.objects.filter(is_superuser=True, is_active=True).order_by("pk")


def _people(ids: Iterable[int]) -> dict[int, User]:
    return {row.pk: row for row in User.objects.filter(pk__in=set(ids))}


def pages_of(incident: Incident) -> list[Page]:
    """What the incident paged and will page, in order, with the messages of each."""
    found = incident.pages.select_related("schedule", "user", "connection")
    calls = Call.objects.select_related("user", "connection", "push")
    newest = Escalation.objects.filter(incident=incident).values_list("generation", flat=True)
    rows = found.filter(Q(state=Page.State.SENT) | Q(generation__in=newest))
    return list(rows.prefetch_related(Prefetch("calls", calls)))


def next_page(incident: Incident) -> Page | None:
    """The page that follows."""
    waiting = incident.pages.filter(state=Page.State.WAITING)
    return waiting.select_related("schedule", "user", "connection").order_by("due_at", "pk").first()


def calls(user: Person) -> CallQuerySet:
    """Messages to the person, and those of incidents that they may see."""
    return Call.objects.visible_to(user).select_related("page__incident", "connection", "user")


def paged(user: Person) -> QuerySet[Page]:
    """Pages that reached this person and that nobody has acknowledged yet."""
    waiting = Incident.State.TRIGGERED
    found = Page.objects.filter(
        calls__user_id=user.pk or 0, incident__state=waiting, state=Page.State.SENT
    )
    return found.visible_to(user).select_related("incident__project").distinct()


def contact_rules(user: Person) -> QuerySet[ContactRule]:
    """How the person wants to be reached."""
    return ContactRule.objects.visible_to(user).select_related("connection")


def contact_rule(user: Person, pk: int) -> ContactRule | None:
    """One of the person's own rules."""
    return contact_rules(user).filter(pk=pk).first()


def quiet_hours(user: Person) -> QuietHours | None:
    """When the person wants only mail."""
    return QuietHours.objects.filter(user_id=user.pk or 0).first()


def subscriptions(user: Person) -> QuerySet[PushSubscription]:
    """The browsers that show pages to the person."""
    return PushSubscription.objects.visible_to(user).living()


def push_key() -> str:
    """The portal's public key for web push; empty in its first minute."""
    return PushKeys.objects.values_list("public", flat=True).first() or ""


def links(user: Person) -> QuerySet[CalendarLink]:
    """The person's own calendar addresses that still work."""
    return CalendarLink.objects.visible_to(user).filter(revoked_at=None).select_related("schedule")


def tellers(user: Person) -> ConnectionQuerySet:
    """Connections that may tell the person of a page."""
    return integrations.offering_anywhere(user, Notifier)


def targets(user: Person, project: Project) -> QuerySet[Connection]:
    """Connections that a step of a project's policy may page."""
    here = Q(project=project) | Q(project=None)
    return integrations.offering_anywhere(user, Notifier, Pager).filter(here)


def lacking(project: Project, until: timedelta = GATE_AHEAD) -> list[str]:
    """Sentences on why somebody would not be on call from now on for so long; none where all is covered."""
    policy = policy_for(project.pk, "")
    if policy is None:
        return [f"{project.name} has no escalation policy."]
    found = RungTarget.objects.filter(rung__policy=policy)
    if found.filter(Q(user__is_active=True) | Q(connection__slug__in=_pagers())).exists():
        return []
    ids = found.exclude(schedule=None).values("schedule_id")
    rows = list(Schedule.objects.filter(pk__in=ids).select_related("project"))
    if not rows:
        return [f"The policy {policy.name} pages nobody."]
    at = timezone.now()
    known = plans(rows, at, at + until)
    # At every moment somebody at one of the schedules is enough.
    uncovered = [(at, at + until)]
    for row in rows:
        holes = rotation.gaps(rotation.spans(known[row.pk], at, at + until))
        uncovered = _both(uncovered, [(hole.starts, hole.ends) for hole in holes])
    return [f"Nobody is on call from {_said(start)} to {_said(end)}." for start, end in uncovered]


def _pagers() -> list[str]:
    return catalog.providing(Pager)


def _both(
    some: list[tuple[datetime, datetime]], others: list[tuple[datetime, datetime]]
) -> list[tuple[datetime, datetime]]:
    """The stretches that both lists hold."""
    return [(max(a, c), min(b, d)) for a, b in some for c, d in others if max(a, c) < min(b, d)]


def _said(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
