"""Models and runs in the Ctrl-K palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser
from django.urls import reverse

from apps.core import palette
from apps.core.palette import Hit
from apps.models import selectors

MOST = 6


@palette.source
def models(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The registered models whose name holds the words."""
    for row in selectors.models(user).filter(name__icontains=words).order_by("name")[:MOST]:
        yield Hit("Models", row.name, row.project.name, row.get_absolute_url(), "model")


@palette.source
def runs(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The newest runs whose name holds the words."""
    if len(words) < 2:
        return
    found = selectors.runs(user).filter(name__icontains=words).order_by("-started_at", "-pk")
    for row in found[:MOST]:
        yield Hit("Runs", str(row), row.experiment.name, row.get_absolute_url(), "run")


@palette.source
def pages(user: AbstractUser, words: str) -> Iterator[Hit]:
    for title, name in (("Runs", "models:runs"), ("Approvals", "models:approvals")):
        if words and words.lower() in title.lower():
            yield Hit("Pages", title, "", reverse(name), "model")
