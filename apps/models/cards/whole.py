"""The whole card: summary, what people wrote, records."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString, mark_safe

from apps.docs import markdown
from apps.docs.models import Document, Revision
from apps.models.cards import facts, generated
from apps.models.cards.facts import Facts
from apps.models.cards.marks import moment, text
from apps.models.models import Card, ModelVersion, RegisteredModel

TITLE = re.compile(r"\A\s*#\s+[^\n]*\n?")
HEADING = re.compile(r"^##\s+(.+?)\s*$", re.MULTILINE)
# The sections that a complete card has, each with a hint for whoever writes it.
ASKED = {
    "Intended use": "What it decides or advises on, for whom, and what it must not be used for.",
    "Limits": "Where it is known to be weak, and what happens then.",
    "Data and people": "Where the data comes from, whom it is about, and how they are protected.",
    "Evaluation": "How it was judged, on which data, and what would count as failure.",
}
TABLE = (
    '<div class="table-scroll" tabindex="0" role="group" aria-label="Table"><table class="table">'
)
HINT = "*To be written:* "


@dataclass(frozen=True, slots=True)
class WholeCard:
    """A card as it is shown and exported; `document` is `None` while nobody has written."""

    facts: Facts
    document: Document | None
    revision: Revision | None
    written: str
    markdown: str

    @property
    def title(self) -> str:
        version = self.facts.version
        number = f" version {version.number}" if version else ""
        return f"Model card: {self.facts.model.name}{number}"

    @property
    def html(self) -> SafeString:
        """The card as HTML that cannot do harm."""
        return markdown.html(markdown.Page({}, self.markdown))

    @property
    def shown(self) -> SafeString:
        """The same for a page, which has a title of its own; wide tables scroll by themselves."""
        body = markdown.html(markdown.Page({}, TITLE.sub("", self.markdown)))
        framed = body.replace("<table>", TABLE).replace("</table>", "</table></div>")
        return mark_safe(framed)  # noqa: S308  cleaned, and only our own frame around it

    @property
    def lacking(self) -> list[str]:
        """What a complete card would have and this one has not."""
        said = self.facts.profile
        facts_lacking = [
            name
            for name, value in (
                ("Purpose", said.purpose),
                ("Owner", said.owner),
                ("Risk class", said.risk_class),
                ("Licence", said.licence),
            )
            if not value
        ]
        return [*facts_lacking, *_unwritten(self.written)]

    @property
    def written_at(self) -> datetime | None:
        return self.revision.at if self.revision else None


def card(model: RegisteredModel, version: ModelVersion | None = None) -> WholeCard:
    """The card of a model, with the figures of one version: the newest where none is named."""
    found = facts.gather(model, version)
    document = _document(model)
    revision = document.revisions.select_related("by").first() if document else None
    written = TITLE.sub("", markdown.read(document.body).body).strip() if document else ""
    return WholeCard(found, document, revision, written, _joined(found, revision, written))


def template(model: RegisteredModel) -> str:
    """What the written part begins with."""
    sections = "\n\n".join(f"## {title}\n\n{HINT}{hint}" for title, hint in ASKED.items())
    return f"# Model card: {text(model.name)}\n\n{sections}\n"


def _document(model: RegisteredModel) -> Document | None:
    row = Card.objects.filter(model=model).select_related("document").first()
    return row.document if row else None


def _joined(found: Facts, revision: Revision | None, written: str) -> str:
    number = f", version {found.version.number}" if found.version else ""
    parts = [f"# Model card: {text(found.model.name)}{number}", generated.summary(found)]
    if revision and written:
        who = f"*Written by people: revision {revision.number}, {text(revision.by)},"
        parts += [f"{who} {moment(revision.at)}.*", written]
    parts += ["*What follows is read from the portal's records.*", generated.records(found)]
    return "\n\n".join(parts) + "\n"


def _unwritten(written: str) -> list[str]:
    """The asked sections that are missing, empty or still a hint."""
    pieces = HEADING.split(written)
    bodies = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    return [
        title
        for title in ASKED
        if not bodies.get(title, "").strip() or HINT in bodies.get(title, "")
    ]
