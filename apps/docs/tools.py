"""What the assistant may read of documents, each as the person asking may see it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core.tools import Found, tool
from apps.docs import selectors
from apps.docs.search import Query

MOST = 5


@tool()
def find_passages(*, user: AbstractUser, words: str, project: str | None = None) -> list[Found]:
    """The sections of documents that speak of these words, best first."""
    return [
        Found(
            "passage", str(p.pk), f"{p.document.title}: {p.heading}", p.get_absolute_url(), p.text
        )
        for p in selectors.found_passages(Query(user, words, project, MOST))
    ]
