"""One time line of an incident: what is on record, written, fired, paged, said in trackers, done and released."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from apps.core.access import Person
from apps.deployments import selectors as deployments
from apps.deployments.models import Release
from apps.incidents import selectors
from apps.incidents.models import Incident, Picture
from apps.ledger import selectors as ledger
from apps.ledger.models import Entry, EntryQuerySet
from apps.monitoring.models import Alert

KINDS = {
    "change": "States and roles",
    "note": "Notes",
    "alert": "Alerts",
    "page": "Pages",
    "ticket": "Tickets",
    "step": "Runbook",
    "release": "Releases",
    "evidence": "Evidence",
}
MOST = 200
# A release so long before the opening may have to do with it.
BEFORE = timedelta(days=1)

# What the rows of notes, alerts and pages tell better than the ledger's record of them.
TOLD_ELSEWHERE = ("incidents.noted", "incidents.alert_joined", "incidents.paged")
OF_VERB = {
    "incidents.note_edited": "note",
    "incidents.picture_removed": "note",  # in older records
    "incidents.paged_next": "page",
    "incidents.runbook_taken": "step",
    "incidents.evidence_kept": "evidence",
}
OTHERS = ("into", "merged", "other", "again")  # where a record names another incident


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, in words, with its record. `note` is the note that was written then."""

    at: datetime
    kind: str
    what: str  # under which name states know its look
    text: str
    actor: str = ""
    url: str = ""
    detail: str = ""
    note: int | None = None
    pictures: tuple[tuple[str, str], ...] = ()  # address and name of each


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose time line it is, who reads it, and how far back."""

    user: Person
    incident: Incident
    before: datetime | None = None
    most: int = MOST
    kinds: frozenset[str] = field(default_factory=lambda: frozenset(KINDS))

    def wants(self, *kinds: str) -> bool:
        return not self.kinds.isdisjoint(kinds)

    def newest(self, rows: QuerySet[Any], moment: str) -> list[Any]:
        """The newest of these rows by the name of their moment, as many as could be shown."""
        known = rows.filter(**{f"{moment}__isnull": False})
        if self.before:
            known = known.filter(**{f"{moment}__lt": self.before})
        return list(known.order_by(f"-{moment}", "-pk")[: self.most])


def moments(
    user: Person,
    incident: Incident,
    *,
    kind: str = "",
    before: datetime | None = None,
    most: int = MOST,
) -> list[Moment]:
    """The newest moments first: all, or those of one kind."""
    kinds = frozenset([kind]) if kind else frozenset(KINDS)
    asked = Asked(user, incident, before, most, kinds)
    found = [each for read in SOURCES for each in read(asked) if asked.wants(each.kind)]
    return sorted(found, key=lambda each: each.at, reverse=True)[:most]


def _records(asked: Asked) -> Iterator[Moment]:
    if not asked.wants("change", "note", "page", "ticket", "step", "evidence"):
        return
    kept = ledger.timeline(asked.user, asked.incident._meta.label_lower, asked.incident.pk)
    kept = _of_kinds(kept.exclude(verb__in=TOLD_ELSEWHERE), asked)
    lines = ledger.lines(asked.user, asked.newest(kept, "at"))
    named = _Named(asked, [line.entry for line in lines])
    for line in lines:
        word = line.entry.verb.partition(".")[2]
        label, url, detail = named.of(line.entry)
        text = word.replace("_", " ").capitalize()
        yield Moment(
            at=line.entry.at,
            kind=_kind(line.entry.verb),
            what="open" if word == "opened" else word,
            text=f"{text}: {label}" if label else text,
            actor=line.actor,
            url=url,
            detail=detail,
        )


def _kind(verb: str) -> str:
    """The kind of a record by its verb."""
    word = verb.partition(".")[2]
    for kind in ("ticket", "step"):
        if word.startswith(f"{kind}_"):
            return kind
    return OF_VERB.get(verb, "change")


def _of_kinds(kept: EntryQuerySet, asked: Asked) -> EntryQuerySet:
    """Only the records of the kinds that are asked for, so that others do not use up the room."""
    if asked.wants("change"):
        return kept
    wanted = Q(verb__in=[verb for verb, kind in OF_VERB.items() if asked.wants(kind)])
    for kind in ("ticket", "step"):
        if asked.wants(kind):
            wanted |= Q(verb__startswith=f"incidents.{kind}_")
    return kept.filter(wanted)


class _Named:
    """What the ids in the records of one time line are called, and where they lead."""

    def __init__(self, asked: Asked, entries: Sequence[Entry]) -> None:
        self.incident = asked.incident
        self.steps = {row.pk: row for row in asked.incident.steps.all()}
        self.tickets = {row.pk: row for row in asked.incident.tickets.all()}
        keys = {each.data[name] for each in entries for name in OTHERS if each.data.get(name)}
        others = selectors.incidents(asked.user).filter(pk__in=keys)
        self.others = {row.pk: row for row in others} if keys else {}

    def of(self, entry: Entry) -> tuple[str, str, str]:
        """Label, address and words of a record, each empty where it names nothing."""
        match _kind(entry.verb):
            case "step":
                return self._step(entry.data)
            case "ticket":
                return self._ticket(entry.data)
            case "evidence":
                address = reverse("incidents:evidence", args=[self.incident.pk])
                number = entry.data.get("pack", "")
                return f"pack {number}", f"{address}?number={number}", ""
            case _:
                return self._change(entry.data)

    def _step(self, data: dict[str, Any]) -> tuple[str, str, str]:
        step = self.steps.get(data.get("step", 0))
        if step is None:
            return "", reverse("incidents:runbook", args=[self.incident.pk]), ""
        return step.text[:200], reverse("incidents:step", args=[step.pk]), ""

    def _ticket(self, data: dict[str, Any]) -> tuple[str, str, str]:
        ticket = self.tickets.get(data.get("ticket", 0))
        return (str(ticket), ticket.url, str(data.get("field", ""))) if ticket else ("", "", "")

    def _change(self, data: dict[str, Any]) -> tuple[str, str, str]:
        for name in OTHERS:
            if other := self.others.get(data.get(name, 0)):
                return str(other), other.get_absolute_url(), ""
        if {"before", "after"} <= data.keys():
            return f"{data['before']} to {data['after']}", "", ""
        word = data.get("part") or str(data.get("action", "")).replace("_", " ")
        return str(word), "", str(data.get("reason", ""))


def _notes(asked: Asked) -> Iterator[Moment]:
    if not asked.wants("note"):
        return
    page = asked.incident.get_absolute_url()
    without_content = Prefetch("pictures", Picture.objects.defer("content"))
    rows = asked.incident.notes.select_related("by").prefetch_related(without_content)
    for row in asked.newest(rows, "at"):
        yield Moment(
            at=row.at,
            kind="note",
            what="noted",
            text="Note",
            actor=str(row.by),
            url=f"{page}#note-{row.pk}",
            detail=row.text,
            note=row.pk,
            pictures=tuple((each.get_absolute_url(), each.name) for each in row.pictures.all()),
        )


def _alerts(asked: Asked) -> Iterator[Moment]:
    if not asked.wants("alert"):
        return
    own = Alert.objects.of_incident(
        asked.incident.alert_id, asked.incident.involved.values("alert")
    )
    rows = Alert.objects.filter(Q(pk__in=own.values("pk")) | Q(lead__in=own.values("pk")))
    said = (("fired_at", "firing", "fires"), ("resolved_at", "resolved", "has recovered"))
    for moment, what, words in said:
        for row in asked.newest(rows, moment):
            detail = row.summary if what == "firing" else ""
            yield Moment(
                getattr(row, moment), "alert", what, f"{row.name} {words}",
                url=row.get_absolute_url(), detail=detail,
            )  # fmt: skip
    for row in asked.newest(asked.incident.involved.select_related("alert"), "since"):
        text = f"{row.alert.name} joined"
        yield Moment(row.since, "alert", "joined", text, url=row.alert.get_absolute_url())


def _pages(asked: Asked) -> Iterator[Moment]:
    if not asked.wants("page"):
        return
    rows = asked.incident.pages.select_related("schedule", "user", "connection")
    for row in asked.newest(rows, "sent_at"):
        yield Moment(
            row.sent_at, "page", "paged", f"Paged {row.target}",
            url=row.schedule.get_absolute_url() if row.schedule else "", detail=row.result,
        )  # fmt: skip


def _said_there(asked: Asked) -> Iterator[Moment]:
    if not asked.wants("ticket"):
        return
    for row in asked.newest(selectors.ticket_comments(asked.incident), "at"):
        text = f"Comment at {row.ticket}"
        yield Moment(row.at, "ticket", "noted", text, row.author, row.ticket.url, row.text)


def _releases(asked: Asked) -> Iterator[Moment]:
    incident = asked.incident
    if not asked.wants("release") or incident.deployment is None:
        return
    window = (incident.opened_at - BEFORE, incident.resolved_at or timezone.now())
    rows = deployments.releases(asked.user).filter(deployment=incident.deployment)
    told = (("requested_at", "queued"), ("live_at", "live"), ("ended_at", ""))
    for moment, what in told:
        for row in asked.newest(rows.filter(**{f"{moment}__range": window}), moment):
            yield _released(row, getattr(row, moment), what or row.state)


def _released(row: Release, at: datetime, what: str) -> Moment:
    words = {"queued": "was asked for", "live": "went live"}.get(what, f"ended: {what}")
    by = str(row.requested_by) if what == "queued" and row.requested_by else ""
    return Moment(
        at=at,
        kind="release",
        what=what,
        text=f"Release {row.number} of {row.deployment.slug}, {row.version}, {words}",
        actor=by,
        url=reverse("deployments:attempt", args=[row.deployment.slug, row.number]),
        detail=row.reason if what == "queued" else "",
    )


SOURCES: tuple[Callable[[Asked], Iterator[Moment]], ...] = (
    _records, _notes, _alerts, _pages, _said_there, _releases,
)  # fmt: skip
