"""A hit of the search as a page shows it: with its words marked."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from apps.docs.search import Hit
from apps.docs.search.asks import MARK


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the results."""

    kind: str
    title: str
    url: str
    snippet: SafeString


def shown(hit: Hit) -> Shown:
    """The hit with `<mark>` around the words that were found."""
    begin, end = MARK
    text = escape(hit.snippet).replace(begin, "<mark>").replace(end, "</mark>")
    return Shown(hit.kind, hit.title, hit.url, mark_safe(text))  # noqa: S308  escaped above
