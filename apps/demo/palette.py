"""The demo in the Ctrl-K palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser
from django.urls import reverse

from apps.core import palette
from apps.core.palette import Hit
from apps.demo import selectors


@palette.source
def pages(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The stage of the demo."""
    if words and words.lower() in "demo story drill" and selectors.may_look(user):
        yield Hit("Pages", "Demo: stories and drills", "", reverse("demo:index"), "play")


@palette.source
def first_hour(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The first steps, also for those who put them away."""
    if words and words.lower() in "your first hour steps":
        yield Hit("Pages", "Your first hour", "", reverse("demo:first_hour"), "check")
