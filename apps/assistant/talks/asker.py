"""The person behind a stored question, as narrowly as they asked, and what was said before."""

from __future__ import annotations

import time
from collections.abc import Callable

from apps.accounts.models import ApiToken, User
from apps.assistant.answers import Question
from apps.assistant.models import Exchange
from apps.assistant.proposals import intent
from apps.assistant.proposals import services as proposals
from apps.assistant.providers import order
from apps.assistant.routing.names import named
from apps.assistant.streaming import Asking
from apps.projects.models import Project

MOST_EARLIER = 2
LONGEST_EARLIER = 600
STOP_SECONDS = 0.5


def asking(exchange: Exchange) -> Asking | None:
    """The question of an exchange on its way; `None` where its asker may not ask any more."""
    user = _user(exchange)
    if user is None:
        return None
    slug = None
    if exchange.project_id is not None:
        found = Project.objects.visible_to(user).filter(pk=exchange.project_id)
        slug = found.values_list("slug", flat=True).first()
        if slug is None:
            return None
    before = _before(exchange)
    sites = (
        []
        if exchange.model == order.NONE
        else order.chosen(exchange.project_id, exchange.provider_id)
    )
    question = _with_context(Question(user, exchange.question, slug, exchange.page), before)
    deeds = proposals.as_tools() if intent.orders(question) else {}
    return Asking(
        question, sites, earlier=_earlier(before), stopped=_stopped(exchange.pk), deeds=deeds
    )


def _user(exchange: Exchange) -> User | None:
    user = User.objects.filter(pk=exchange.asked_by_id, is_active=True).first()
    if user is not None and exchange.token_id is not None:
        token = ApiToken.objects.usable().filter(pk=exchange.token_id).first()
        if token is None:
            return None
        user.limits = token.limits
    return user


def _before(exchange: Exchange) -> list[Exchange]:
    """The last questions of the same conversation, oldest first."""
    if exchange.conversation_id is None:
        return []
    found = Exchange.objects.filter(conversation=exchange.conversation_id, pk__lt=exchange.pk)
    return list(found.order_by("-pk")[:MOST_EARLIER])[::-1]


def _with_context(question: Question, before: list[Exchange]) -> Question:
    """A follow-up that names nothing itself means what the last question was about."""
    if not before:
        return question
    page = question.page or before[-1].page
    own = named(question.user, question.text, question.project)
    text = question.text if not own.nothing else f"{question.text} ({before[-1].question})"
    return Question(question.user, text[:4000], question.project, page)


def _earlier(before: list[Exchange]) -> str:
    """What a model is told of the conversation so far."""
    lines = [
        f"Asked: {row.question}\nAnswered: {' '.join(s['text'] for s in row.sentences)}"
        for row in before
    ]
    return "\n".join(line[:LONGEST_EARLIER] for line in lines)


def _stopped(pk: int) -> Callable[[], bool]:
    """Whether somebody asked for the end; the database is looked at twice a second at most."""
    looked = [0.0, False]

    def stopped() -> bool:
        if time.monotonic() - looked[0] > STOP_SECONDS:
            asked = Exchange.objects.filter(pk=pk).exclude(stop_requested_at=None)
            looked[:] = [time.monotonic(), asked.exists()]
        return bool(looked[1])

    return stopped
