"""Monitors and alerts in the Ctrl-K palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser

from apps.core import palette
from apps.core.palette import Hit
from apps.monitoring import selectors

MOST = 6


@palette.source
def monitors(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The monitors whose name holds the words."""
    for row in selectors.monitors(user).filter(name__icontains=words).order_by("name")[:MOST]:
        yield Hit("Monitors", row.name, row.deployment.slug, row.get_absolute_url(), "monitor")


@palette.source
def alerts(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The alerts that fire and whose sentence holds the words."""
    found = selectors.alerts(user).firing().filter(summary__icontains=words)
    for row in found[:MOST]:
        yield Hit("Alerts", row.summary, row.name, row.get_absolute_url(), "flame")
