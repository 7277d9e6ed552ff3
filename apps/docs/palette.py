"""Documents in the Ctrl-K palette, from the first letters on."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser
from django.urls import reverse
from django.utils.http import urlencode

from apps.core import palette
from apps.core.palette import Hit
from apps.docs import selectors
from apps.docs.search import Query

MOST = 6


@palette.source
def documents(user: AbstractUser, words: str) -> Iterator[Hit]:
    """The best documents for the words, of which the last may still be incomplete."""
    if not words:
        return
    for passage in selectors.found_passages(Query(user, words, most=MOST, as_typed=True)):
        row = passage.document
        yield Hit("Docs", row.title, row.project.name, row.get_absolute_url(), "doc")


@palette.source
def everything(user: AbstractUser, words: str) -> Iterator[Hit]:
    """A way to the whole search with the same words."""
    if words:
        address = f"{reverse('docs:search')}?{urlencode({'q': words})}"
        yield Hit("Search", f"Search everything for \u201c{words}\u201d", "", address, "search")
