"""The whole way of a question as one tool: the portal gathers, words and checks, and the client gets the answer."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser

from apps.assistant.answers import Question
from apps.assistant.shown import shown
from apps.assistant.talks import services
from apps.assistant.talks.services import Wish
from apps.projects import access as projects

NAME = "ask"
PURPOSE = (
    "Ask in plain words about models, releases, alerts, incidents and runbooks. Every sentence of the answer "
    "cites its evidence. An order becomes a proposal that a person decides."
)


def ask(
    *, user: AbstractUser, question: str, project: str = "", without_model: bool = False
) -> dict[str, Any]:
    """Answer it within one project, or within all that the token may see."""
    place = projects.project(user, project) if project else None
    row = services.ask(
        question=Question(user, question, place.slug if place else None),
        by=user,
        project_id=place.pk if place else None,
        wish=Wish(without_model=without_model),
    )
    each = shown(row, user)
    return {
        "sentences": row.sentences,
        "evidence": each.evidence,
        "model": row.model,
        "note": row.note,
        "proposals": [f"{settings.PUBLIC_URL}{one.get_absolute_url()}" for one in each.proposals],
        "read_at": f"{settings.PUBLIC_URL}{row.get_absolute_url()}",
    }
