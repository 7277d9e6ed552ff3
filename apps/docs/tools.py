"""What the assistant may read of documents, each as the person asking may see it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core.tools import Found, tool
from apps.docs import selectors
from apps.docs.models import Passage
from apps.docs.search import Query

MOST = 5


@tool()
def find_passages(*, user: AbstractUser, words: str, project: str | None = None) -> list[Found]:
    """The sections of documents that speak of these words: the best, those beside it, then of other pages."""
    found = selectors.found_passages(Query(user, words, project, MOST))
    rest = selectors.sections_beside(found[0], MOST) if found else []
    return [_passage(each) for each in [*found[:1], *rest, *found[1:]]]


def _passage(row: Passage) -> Found:
    title = f"{row.document.title}: {row.heading}"
    return Found("passage", str(row.pk), title, row.get_absolute_url(), row.text)
