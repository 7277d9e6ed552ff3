"""What the assistant may read of the ledger, each as the person asking may see it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractUser

from apps.core.tools import Found, told, tool
from apps.ledger import selectors
from apps.ledger.selectors import Line, Wanted

MOST = 15
# Looks and deliveries are not what somebody means who asks what changed.
QUIET = ("monitoring.", "integrations.", "assistant.", "core.")


@tool()
def changes_between(
    *, user: AbstractUser, since: datetime, until: datetime, project: str | None = None
) -> list[Found]:
    """What changed in a stretch of time, newest first: who did what to which record."""
    wanted = Wanted(since=since, until=until, project=project or "")
    found = selectors.entries(user, wanted).order_by("-at", "-id")
    rows = [row for row in found[: 10 * MOST] if not row.verb.startswith(QUIET)][:MOST]
    return [_change(line) for line in selectors.lines(user, rows)]


def _change(line: Line) -> Found:
    entry = line.entry
    verb = entry.verb.partition(".")[2].replace("_", " ")
    kind = entry.subject_kind.partition(".")[2].replace("_", " ")
    text = f"At {entry.at:%F %H:%M} UTC {line.actor} {verb}: {kind} {line.subject.label}."
    url = line.subject.url or "/audit/"
    return told("change", entry.pk, f"{kind} {line.subject.label} {verb}", url, {"change": text})
