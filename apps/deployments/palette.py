"""Deployments in the Ctrl-K palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser

from apps.core import palette
from apps.core.palette import Hit
from apps.deployments import selectors

MOST = 6


@palette.source
def deployments(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The deployments whose name holds the words."""
    for row in selectors.deployments(user).filter(slug__icontains=words).order_by("slug")[:MOST]:
        yield Hit("Deployments", row.slug, row.project.name, row.get_absolute_url(), "deploy")
