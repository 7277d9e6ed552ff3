"""Pages become passages that search finds."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.search import SearchVector
from django.db.models import Value

from apps.docs import markdown
from apps.docs.markdown import Page
from apps.docs.models import Document, Passage
from apps.docs.words import spread


def index(document: Document, *, page: Page) -> None:
    """Cut the page into passages anew, each with its weighted words."""
    document.passages.all().delete()
    Passage.objects.bulk_create(
        Passage(
            document=document,
            position=position,
            heading=section.heading,
            anchor=section.anchor,
            text=section.text,
            lexemes=_lexemes(document.title, section.heading, section.text),
        )
        for position, section in enumerate(markdown.sections(page))
    )


def _lexemes(title: str, heading: str, text: str) -> Any:
    return (
        SearchVector(Value(spread(title)), weight="A", config="english")
        + SearchVector(Value(spread(heading)), weight="B", config="english")
        + SearchVector(Value(spread(text)), weight="D", config="english")
    )
