"""The assistant in the Ctrl-K palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser
from django.urls import reverse

from apps.core import palette
from apps.core.palette import Hit


@palette.source
def pages(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The page to ask at."""
    if words and words.lower() in "ask the assistant":
        yield Hit("Pages", "Ask the assistant", "", reverse("assistant:index"), "assistant")
