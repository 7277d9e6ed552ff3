"""Gates over what people wrote about the model. Docs stand to the left, so they are asked directly."""

from __future__ import annotations

from pydantic import Field

from apps.docs import markdown
from apps.docs import selectors as docs
from apps.docs.models import Document
from apps.models.gates.kinds import Candidate, Finding, Kind, Settings, register
from apps.models.gates.places import NoSettings

SECTIONS = ["Intended use", "Data", "Metrics", "Limits"]


class CardComplete(Settings):
    """A model card with text under each of these headings."""

    sections: list[str] = Field(
        default=SECTIONS,
        max_length=50,
        description="Headings of the card that must have text below them.",
    )

    def said(self) -> str:
        return "a complete model card"


def runbook(candidate: Candidate, settings: NoSettings) -> Finding:
    """Look for a runbook whose front matter names the model."""
    model = candidate.version.model
    found = docs.about_model(model.project_id, Document.Kind.RUNBOOK, model.name)
    evidence = {"documents": [each.pk for each in found]}
    if not found:
        sentence = f"No runbook names {model.name} under applies_to, models."
        return Finding(False, sentence, evidence)
    return Finding(True, f"The runbook {found[0].title} applies to {model.name}.", evidence)


def card(candidate: Candidate, settings: CardComplete) -> Finding:
    """Look for a card whose front matter names the model, and for its headings without text."""
    model = candidate.version.model
    found = docs.about_model(model.project_id, Document.Kind.CARD, model.name)
    if not found:
        sentence = f"No model card names {model.name} under applies_to, models."
        return Finding(False, sentence, {"document": None})
    newest = max(found, key=lambda each: each.updated_at)
    lacking = _lacking(newest, settings.sections)
    evidence = {"document": newest.pk, "lacking": lacking}
    if lacking:
        return Finding(False, f"{newest.title} says nothing under {', '.join(lacking)}.", evidence)
    return Finding(True, f"The model card {newest.title} is complete.", evidence)


def _lacking(document: Document, wanted: list[str]) -> list[str]:
    """The headings that are missing, or have no text of their own."""
    sections = markdown.sections(markdown.read(document.body))
    written = {section.heading.strip().casefold() for section in sections}
    return [name for name in wanted if name.strip().casefold() not in written]


register(
    Kind(
        "runbook",
        "Runbook present",
        "A runbook says what to do when the model goes wrong.",
        NoSettings,
        runbook,
    )
)
register(
    Kind(
        "card",
        "Model card complete",
        "A model card names the model and has text under each heading.",
        CardComplete,
        card,
    )
)
