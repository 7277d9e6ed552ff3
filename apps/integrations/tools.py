"""What the assistant may read of connections, each as the person asking may see it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core.tools import Found, told, tool
from apps.integrations import selectors
from apps.integrations.models import Connection

MOST = 10


@tool()
def connections_state(
    *, user: AbstractUser, project: str | None = None, name: str = ""
) -> list[Found]:
    """The connections to other systems and whether they answer."""
    found = selectors.connections(user)
    found = found.filter(project__slug=project) if project else found
    found = found.filter(name=name) if name else found
    return [_connection(row) for row in found.order_by("name", "pk")[:MOST]]


def _connection(row: Connection) -> Found:
    checked = f", last checked at {row.checked_at:%F %H:%M} UTC" if row.checked_at else ""
    text = f"The connection {row.name} ({row.slug}) is {row.get_state_display().lower()}{checked}."
    off = "" if row.enabled else f"The connection {row.name} is switched off."
    facts = {"connection": text, "off": off}
    return told("connection", row.pk, row.name, row.get_absolute_url(), facts)
