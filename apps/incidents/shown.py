"""What the page of one incident shows."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.core.access import Person, Role, allows
from apps.core.ui import states
from apps.docs import markdown
from apps.incidents import evidence_shown, life_shown, oncall_shown, selectors
from apps.incidents import timeline as moments
from apps.incidents.forms import NewNoteForm, ResolveForm
from apps.incidents.life_forms import ReasonForm
from apps.incidents.models import Incident
from apps.incidents.runbooks import remedies
from apps.incidents.runbooks import shown as runbook
from apps.incidents.timeline import Moment
from apps.integrations import selectors as integrations
from apps.integrations.ports import Pager

MOST_MOMENTS = 100


@dataclass(frozen=True, slots=True)
class Event:
    """One moment as the time line draws it."""

    time: datetime
    text: str
    actor: str
    tone: str
    icon: str
    url: str
    detail: str
    id: str
    edit_url: str


def timeline(user: Person, row: Incident, kind: str = "") -> dict[str, Any]:
    """What happened, newest first, all or of one kind; the kinds to choose from."""
    chosen = kind if kind in moments.KINDS else ""
    found = moments.moments(user, row, kind=chosen, most=MOST_MOMENTS + 1)
    mine = set(row.notes.filter(by_id=user.pk or 0).values_list("pk", flat=True))
    return {
        "events": [_event(each, mine) for each in found[:MOST_MOMENTS]],
        "more": len(found) > MOST_MOMENTS,
        "most": MOST_MOMENTS,
        "kind": chosen,
        "kinds": [
            ("All", "?#timeline", not chosen),
            *(
                (label, f"?kind={name}#timeline", name == chosen)
                for name, label in moments.KINDS.items()
            ),
        ],
    }


def _event(each: Moment, mine: Container[int | None]) -> Event:
    look = states.look(each.what)
    is_note, written = each.note is not None, each.note in mine
    return Event(
        time=each.at,
        text=each.text,
        actor=each.actor,
        tone=look.tone,
        icon=look.icon,
        url="" if is_note else each.url,
        detail=_written(each) if is_note else each.detail,
        id=f"note-{each.note}" if is_note else "",
        edit_url=reverse("incidents:edit_note", args=[each.note]) if written else "",
    )


def _written(each: Moment) -> SafeString:
    """A note as HTML, with its pictures under it."""
    text = markdown.html(markdown.Page({}, markdown.normal(each.detail)))
    pictures = format_html_join(
        "", '<p><a href="{0}"><img src="{0}" alt="{1}" loading="lazy"></a></p>', each.pictures
    )
    return format_html('<div class="prose">{}{}</div>', text, pictures)


def state(user: Person, row: Incident, kind: str = "") -> dict[str, Any]:
    """What changes by itself: state, evidence, tickets, and what happened."""
    return {
        "incident": row,
        "evidence": evidence_shown.panel(row),
        "tickets": selectors.tickets_shown(user, row),
        **timeline(user, row, kind),
        **runbook.progress(row),
        **life_shown.life(user, row),
    }


def page(user: Person, row: Incident, kind: str = "") -> dict[str, Any]:
    """The state, and what the person may do about it."""
    return {
        **state(user, row, kind),
        **oncall_shown.panel(user, row),
        "may_respond": allows(user, row.project_id, Role.RESPONDER),
        "may_page": integrations.offers(row.project, Pager),
        "remedies": remedies.offered(user, row),
        "note_form": NewNoteForm(),
        "resolve_form": ResolveForm(),
        "reopen_form": ReasonForm(),
    }
