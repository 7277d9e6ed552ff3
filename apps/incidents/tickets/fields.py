"""The fields of both sides brought together, each by what both last agreed on."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction

from apps.core import live
from apps.core.errors import Conflict
from apps.incidents.models import Incident, Ticket
from apps.incidents.services.changes import hold
from apps.incidents.tickets import conflicts, ours
from apps.incidents.tickets.mapping import FIELDS
from apps.incidents.tickets.merging import Sides, Verdict, judge, judge_phase
from apps.incidents.tickets.sight import Sight
from apps.integrations.ports import Phase, TicketChange


@dataclass(slots=True)
class Merge:
    """What one pass over the fields found: what is to be told there, and what stays apart."""

    sight: Sight
    incident: Incident
    ticket: Ticket
    told: dict[str, str] = field(default_factory=dict)
    apart: dict[str, str] = field(default_factory=dict)

    def agree(self, name: str, here: str, there: str) -> None:
        """Both sides have this now."""
        self.ticket.agreed[name] = [here, there]
        conflicts.close_same(self.ticket, name)


def level(sight: Sight) -> None:
    """Take what changed there, then tell what changed here, and read whether it is so."""
    told = _merge(sight)
    if not told:
        return
    sight.count_write()
    sight.tracker.change_ticket(sight.there, _change(sight, told))
    sight.look_again()
    _agree_on(sight, told)


@transaction.atomic
def _merge(sight: Sight) -> dict[str, str]:
    """Judge each field and do what is to be done here; answers what is to be told there."""
    merge = _locked(sight)
    for name in FIELDS:
        sides = _sides(merge, name)
        verdict = judge_phase(sides) if name == "phase" else judge(sides)
        _act(merge, name, sides, verdict)
    _save(merge)
    return merge.told


@transaction.atomic
def _agree_on(sight: Sight, told: dict[str, str]) -> None:
    """Note which of the told fields are the same now; another look judges the rest."""
    merge = _locked(sight)
    for name in told:
        sides = _sides(merge, name)
        if sides.same:
            merge.agree(name, sides.ours, sides.theirs)
        else:
            merge.apart[name] = f"The tracker did not take {told[name] or 'nobody'}."
    _save(merge)


def _locked(sight: Sight) -> Merge:
    # Lock both, so that nobody changes what is compared; the locks end before anything is sent.
    # The project comes first, as what is taken may open the incident again; then the ticket:
    # whoever holds an incident never waits for either.
    hold(sight.ticket.incident.project_id)
    ticket = Ticket.objects.select_for_update(of=["self"]).get(pk=sight.ticket.pk)
    incidents = Incident.objects.select_for_update(of=["self"]).select_related("acknowledged_by")
    incident = incidents.get(pk=ticket.incident_id)
    return Merge(sight, incident, ticket)


def _sides(merge: Merge, name: str) -> Sides:
    mapping, proposed = merge.sight.mapping, merge.sight.tracker.priorities
    here, there = ours.values(merge.incident)[name], merge.sight.theirs()[name]
    # What a ticket that was just opened has by itself is nobody's word.
    default = [None, there]
    agreed = default if merge.sight.fresh else merge.ticket.agreed.get(name, default)
    return Sides(
        ours=here,
        theirs=there,
        ours_there=mapping.there(name, here, proposed),
        theirs_here=mapping.here(name, there, proposed),
        agreed=(agreed[0], agreed[1]),
    )


def _act(merge: Merge, name: str, sides: Sides, verdict: Verdict) -> None:
    mapping = merge.sight.mapping
    if not merge.sight.carries(name):
        return
    match verdict:
        case Verdict.SAME:
            merge.agree(name, sides.ours, sides.theirs)
        case Verdict.PUSH if mapping.sends(name) and sides.ours_there is not None:
            merge.told[name] = sides.ours_there
        case Verdict.PULL if mapping.takes(name) and sides.theirs_here is not None:
            _take(merge, name, sides.theirs_here, sides.theirs)
        case Verdict.CONFLICT if mapping.sends(name) or mapping.takes(name):
            conflicts.find(merge.ticket, name, sides.ours, sides.theirs)
        case Verdict.APART:
            merge.apart[name] = _why_apart(name, sides)


def _take(merge: Merge, name: str, value: str, theirs: str) -> None:
    """Have it here as it is there; what cannot be is for a person to decide."""
    try:
        with transaction.atomic():
            ours.take(merge.incident, name, value, key=str(merge.ticket))
    except Conflict as refusal:
        merge.incident.refresh_from_db()
        merge.apart[name] = str(refusal)
        conflicts.find(merge.ticket, name, ours.values(merge.incident)[name], theirs)
    else:
        merge.incident.refresh_from_db()
        merge.agree(name, ours.values(merge.incident)[name], theirs)


def _why_apart(name: str, sides: Sides) -> str:
    if sides.theirs_here is None:
        return f"The mapping has no word here for {name} {sides.theirs}."
    return f"The mapping has no word there for {name} {sides.ours}."


def _change(sight: Sight, told: dict[str, str]) -> TicketChange:
    phase = Phase(told["phase"]) if "phase" in told else None
    incident = Incident.objects.get(pk=sight.ticket.incident_id)
    return TicketChange(
        phase=phase,
        status=sight.mapping.statuses.get(phase, "") if phase else "",
        priority=told.get("priority"),
        assignee=told.get("assignee"),
        reason=(incident.reason or "The incident is resolved.") if phase == Phase.DONE else "",
    )


def _save(merge: Merge) -> None:
    ticket = merge.ticket
    Ticket.objects.filter(pk=ticket.pk).update(agreed=ticket.agreed, apart=merge.apart)
    merge.sight.fresh = False
    live.changed(merge.incident.topic)
