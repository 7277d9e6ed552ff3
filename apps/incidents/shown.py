"""What the page of one incident shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString

from apps.core.access import Person, Role, allows
from apps.core.ui import states
from apps.docs import markdown
from apps.incidents import evidence_shown, life_shown, oncall_shown, selectors
from apps.incidents.forms import NoteForm, ResolveForm
from apps.incidents.life_forms import ReasonForm
from apps.incidents.models import Incident
from apps.incidents.runbooks import shown as runbook
from apps.integrations import selectors as integrations
from apps.integrations.ports import Pager
from apps.ledger import selectors as ledger

MOST_EVENTS = 50


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the ledger as the timeline draws it."""

    time: datetime
    text: str
    actor: str
    tone: str
    icon: str


def events(user: Person, row: Incident) -> list[Event]:
    """What happened to the incident, newest first."""
    entries = ledger.timeline(user, row._meta.label_lower, row.pk)[:MOST_EVENTS]
    return [_event(line) for line in ledger.lines(user, list(entries))]


def _event(line: ledger.Line) -> Event:
    word = line.entry.verb.partition(".")[2]
    look = states.look("open" if word == "opened" else word)
    return Event(
        line.entry.at, word.replace("_", " ").capitalize(), line.actor, look.tone, look.icon
    )


def _as_html(text: str) -> SafeString:
    return markdown.html(markdown.Page({}, markdown.normal(text)))


def state(user: Person, row: Incident) -> dict[str, Any]:
    """What changes by itself: state, evidence, tickets, notes and what happened."""
    return {
        "incident": row,
        "evidence": evidence_shown.panel(row),
        "tickets": selectors.tickets_shown(user, row),
        "ticket_comments": selectors.ticket_comments(row),
        "notes": [(note, _as_html(note.text)) for note in row.notes.select_related("by")],
        "events": events(user, row),
        **runbook.progress(row),
        **life_shown.life(user, row),
    }


def page(user: Person, row: Incident) -> dict[str, Any]:
    """The state, and what the person may do about it."""
    return {
        **state(user, row),
        **oncall_shown.panel(user, row),
        "may_respond": allows(user, row.project_id, Role.RESPONDER),
        "may_page": integrations.offers(row.project, Pager),
        "note_form": NoteForm(),
        "resolve_form": ResolveForm(),
        "reopen_form": ReasonForm(),
    }
