"""Incidents in the Ctrl-K palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser

from apps.core import palette
from apps.core.palette import Hit
from apps.incidents import selectors

MOST = 6


@palette.source
def incidents(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The newest incidents whose title holds the words."""
    for row in selectors.incidents(user).filter(title__icontains=words).order_by("-pk")[:MOST]:
        yield Hit("Incidents", str(row), row.project.name, row.get_absolute_url(), "incident")
