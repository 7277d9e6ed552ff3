"""Documents in the Ctrl-K palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser

from apps.core import palette
from apps.core.palette import Hit
from apps.docs import selectors

MOST = 6


@palette.source
def documents(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The documents whose title holds the words."""
    for row in selectors.documents(user).filter(title__icontains=words).order_by("title")[:MOST]:
        yield Hit("Docs", row.title, row.project.name, row.get_absolute_url(), "doc")
