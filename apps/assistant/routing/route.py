"""The route of a question: its topics, the records it names, its time."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils import timezone

from apps.assistant.answers import Question
from apps.assistant.routing import times, topics
from apps.assistant.routing.names import Named, named
from apps.assistant.routing.times import When


@dataclass(frozen=True, slots=True)
class Route:
    """What is to be looked for."""

    text: str
    topics: tuple[str, ...]
    named: Named
    when: When
    attribute: str
    project: str | None
    page: dict[str, str]

    def wants(self, *names: str) -> bool:
        """Whether the question has one of these topics."""
        return bool(set(names) & set(self.topics))


def route(question: Question) -> Route:
    """Read a question. The project comes from the asker, or from the only one named in the words."""
    found = named(question.user, question.text, question.project)
    project = question.project or (found.projects[0] if len(found.projects) == 1 else None)
    return Route(
        text=question.text,
        topics=topics.topics(question.text) or _implied(question.text, found),
        named=found,
        when=times.read(question.text, timezone.now()),
        attribute=topics.attribute(question.text),
        project=project,
        page=question.page,
    )


def _implied(text: str, found: Named) -> tuple[str, ...]:
    """Where no word says what is asked for, what one asks of such a record; last resort before its state."""
    if re.search(r"\b(who|whom|whose)\b", text, re.IGNORECASE):
        return _person(found)
    return ("members",) if found.people and found.projects else ()


def _person(found: Named) -> tuple[str, ...]:
    if found.incidents:
        return ("acknowledged",)
    if found.versions:
        return ("approved", "registered")
    if found.deployments:
        return ("requested",)
    return ("owner",) if found.models or found.projects else ()
