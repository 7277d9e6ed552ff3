"""A post-mortem as a file, with its actions."""

from __future__ import annotations

from datetime import datetime

from apps.core.errors import Invalid
from apps.core.late import late
from apps.docs import markdown
from apps.incidents.models import PostMortem
from apps.incidents.postmortems.draft import plain
from apps.models.cards.exports import Exported

paper = late("apps.models.cards.pdf")
FORMATS = {"md": "text/markdown; charset=utf-8", "pdf": "application/pdf"}


def export(found: PostMortem, form: str, *, made_at: datetime) -> Exported:
    """The newest text in one of the formats; `Invalid` names them."""
    if form not in FORMATS:
        raise Invalid(field="format", reason=f"one of {', '.join(sorted(FORMATS))}")
    words = text(found)
    name = f"post-mortem-{found.incident.project.slug}-{found.incident.number}.{form}"
    if form == "md":
        return Exported(name, FORMATS[form], words.encode())
    foot = f"{found.document.title[:80]}, {made_at:%Y-%m-%d %H:%M} UTC"
    made: bytes = paper.pdf(words, title=found.document.title, foot=foot)
    return Exported(name, FORMATS[form], made)


def text(found: PostMortem) -> str:
    """What people wrote, and the actions as they stand."""
    body = markdown.read(found.document.body).body.rstrip()
    return f"{body}\n\n{_actions(found)}\n"


def _actions(found: PostMortem) -> str:
    rows = [
        f"| {plain(each.title)} | {each.owner} | {each.due_on:%Y-%m-%d} | "
        f"{'done' if each.done_at else 'open'} | {plain(each.ticket.key) if each.ticket else ''} |"
        for each in found.incident.actions.select_related("owner", "ticket")
    ]
    if not rows:
        return "## Actions\n\nNobody has promised anything yet."
    head = "| Action | Owner | Due | State | Ticket |\n|---|---|---|---|---|"
    return "\n".join(["## Actions", "", head, *rows])
