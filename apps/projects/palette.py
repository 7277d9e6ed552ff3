"""Projects in the Ctrl-K palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser
from django.urls import reverse

from apps.core import palette
from apps.core.palette import Hit
from apps.projects import selectors

MOST = 8


@palette.source
def projects(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The projects whose name, slug or purpose holds the words."""
    for project in selectors.projects(user, words=words)[:MOST]:
        url = project.get_absolute_url()
        yield Hit("Projects", project.name, project.slug, url, "project")


@palette.source
def actions(user: AbstractUser, words: str) -> Iterator[Hit]:
    if words and words.lower() in "new project":
        yield Hit("Actions", "New project", "", reverse("projects:new"), "plus")
