"""Connections in the Ctrl-K palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser

from apps.core import palette
from apps.core.palette import Hit
from apps.integrations import selectors

MOST = 6


@palette.source
def connections(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The connections whose name holds the words."""
    for row in selectors.connections(user).filter(name__icontains=words)[:MOST]:
        yield Hit("Connections", row.name, row.entry.label, row.get_absolute_url(), "connection")
