"""A card as a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.text import slugify

from apps.core.errors import Invalid
from apps.core.late import late
from apps.models.cards import page
from apps.models.cards.marks import stamp
from apps.models.cards.whole import WholeCard

paper = late("apps.models.cards.pdf")


@dataclass(frozen=True, slots=True)
class Exported:
    """A file with its name and type."""

    name: str
    kind: str
    content: bytes


def _markdown(card: WholeCard, made_at: datetime) -> bytes:
    return card.markdown.encode()


def _html(card: WholeCard, made_at: datetime) -> bytes:
    return page.html(card, made_at=made_at).encode()


def _pdf(card: WholeCard, made_at: datetime) -> bytes:
    foot = f"{card.title[:80]}, {stamp(made_at)}"
    made: bytes = paper.pdf(card.markdown, title=card.title, foot=foot)
    return made


Write = Callable[[WholeCard, datetime], bytes]
FORMATS: dict[str, tuple[str, Write]] = {
    "html": ("text/html; charset=utf-8", _html),
    "md": ("text/markdown; charset=utf-8", _markdown),
    "pdf": ("application/pdf", _pdf),
}


def export(card: WholeCard, form: str, *, made_at: datetime) -> Exported:
    """The card in one of the formats; `Invalid` names them."""
    if form not in FORMATS:
        raise Invalid(field="format", reason=f"one of {', '.join(sorted(FORMATS))}")
    kind, write = FORMATS[form]
    version = card.facts.version
    name = slugify(card.facts.model.name) or f"model-{card.facts.model.pk}"
    number = f"-v{version.number}" if version else ""
    return Exported(f"card-{name}{number}.{form}", kind, write(card, made_at))
