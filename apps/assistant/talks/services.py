"""Asking, answering, stopping; sharing, feedback, forgetting."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.assistant import telemetry
from apps.assistant.answers import Question
from apps.assistant.errors import NotShareable
from apps.assistant.models import Conversation, Exchange
from apps.assistant.providers import order
from apps.assistant.services import case_from
from apps.assistant.talks import asker, budgets
from apps.assistant.talks.keeper import Keeper
from apps.core import jobs, live
from apps.core.access import Role, allows
from apps.core.errors import Conflict
from apps.ledger.services import record
from apps.projects.models import Project

logger = logging.getLogger(__name__)
State = Exchange.State
ANSWER = "assistant.answer"
LONGEST_ANSWER = timedelta(minutes=10)  # what runs longer has lost its worker


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants a question answered."""

    conversation: Conversation | None = None
    provider_id: int | None = None
    without_model: bool = False


def ask(
    *,
    question: Question,
    by: AbstractUser,
    project_id: int | None,
    wish: Wish = Wish(),  # noqa: B008  it cannot change
    wait: bool = True,
) -> Exchange:
    """Take a question. Without a model, or where the asker waits, it is answered before this returns."""
    budgets.check(by=by, project_id=project_id)
    model = not wish.without_model and bool(order.chosen(project_id, wish.provider_id))
    later = model and not wait
    exchange = _begin(question, by, project_id, wish, later=later)
    if not later:
        answer(exchange_id=exchange.pk)
        exchange.refresh_from_db()
    return exchange


@transaction.atomic
def _begin(
    question: Question, by: AbstractUser, project_id: int | None, wish: Wish, *, later: bool
) -> Exchange:
    token_id = getattr(getattr(by, "limits", None), "token_id", None)
    now = timezone.now()
    talk = wish.conversation or Conversation.objects.create(
        asked_by_id=by.pk, token_id=token_id, project_id=project_id, title=question.text[:200]
    )
    Conversation.objects.filter(pk=talk.pk).update(updated_at=now)
    exchange = Exchange.objects.create(
        asked_by_id=by.pk,
        token_id=token_id,
        project_id=project_id,
        conversation=talk,
        question=question.text,
        page=question.page,
        provider_id=wish.provider_id,
        model=order.NONE if wish.without_model else "",
        state=State.RUNNING,
    )
    if later:
        jobs.enqueue(
            ANSWER,
            owner=by,
            project_id=project_id,
            key=f"exchange:{exchange.pk}",
            exchange_id=exchange.pk,
        )
    return exchange


def answer(*, exchange_id: int) -> None:
    """Answer a question that is under way, writing it down as it grows. Safe to run twice."""
    exchange = Exchange.objects.select_related("conversation").get(pk=exchange_id)
    if not exchange.is_running:
        return
    asking = asker.asking(exchange)
    if asking is None:
        _end(exchange, State.FAILED, "Whoever asked may not ask any more.")
        return
    Keeper(exchange).follow(asking)
    telemetry.ANSWERS.labels(exchange.state).inc()


def fail(*, exchange_id: int) -> None:
    """The job of a question ended without an answer."""
    row = Exchange.objects.filter(pk=exchange_id).first()
    if row is not None:
        _end(row, State.FAILED, "The work on this answer ended early. Ask again.")


def sweep() -> int:
    """End what has lost its worker; how many these were."""
    lost = Exchange.objects.running().filter(at__lt=timezone.now() - LONGEST_ANSWER)
    for row in lost:
        fail(exchange_id=row.pk)
    return len(lost)


def _end(exchange: Exchange, state: str, note: str) -> None:
    mine = Exchange.objects.running().filter(pk=exchange.pk)
    mine.update(state=state, note=note, ended_at=timezone.now())
    live.changed(exchange.topic)


def stop(*, exchange: Exchange) -> Exchange:
    """Say that nobody waits for the rest; what was said so far stays. Asking twice is asking once."""
    running = Exchange.objects.running().filter(pk=exchange.pk, stop_requested_at=None)
    running.update(stop_requested_at=timezone.now())
    live.changed(exchange.topic)
    exchange.refresh_from_db()
    return exchange


@transaction.atomic
def rate(*, exchange: Exchange, feedback: str, words: str = "") -> Exchange:
    """Say whether an answer helped; it can be said anew. A wrong one is asked at every evaluation."""
    exchange.feedback, exchange.feedback_words = feedback, words[:1000]
    exchange.save(update_fields=["feedback", "feedback_words"])
    if feedback == Exchange.Feedback.WRONG:
        case_from(exchange, by=exchange.asked_by)
    return exchange


@transaction.atomic
def share(*, conversation: Conversation, project: Project, by: AbstractUser) -> Conversation:
    """Let the members of a project read along. Each sees only the records they may see themselves."""
    if not allows(by, project.pk, Role.VIEWER):
        raise NotShareable
    row = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if row.shared_with_id == project.pk:
        return row
    if row.project_id not in {None, project.pk}:
        raise NotShareable
    row.shared_with = project
    row.save(update_fields=["shared_with"])
    record(actor=by, verb="assistant.shared", subject=row, project_id=project.pk)
    return row


@transaction.atomic
def unshare(*, conversation: Conversation, by: AbstractUser) -> Conversation:
    """Take a conversation back: nobody else reads it any more."""
    row = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if row.shared_with_id is not None:
        project_id, row.shared_with = row.shared_with_id, None
        row.save(update_fields=["shared_with"])
        record(actor=by, verb="assistant.unshared", subject=row, project_id=project_id)
    return row


@transaction.atomic
def forget(*, conversation: Conversation, by: AbstractUser) -> None:
    """Erase a conversation: questions, evidence and answers."""
    if conversation.exchanges.running().exists():
        raise Conflict(reason="An answer is under way. Stop it first.")
    record(
        actor=by,
        verb="assistant.forgotten",
        subject=conversation,
        project_id=conversation.project_id,
    )
    conversation.delete()


@transaction.atomic
def forget_all(*, by: AbstractUser) -> int:
    """Erase everything that somebody asked; how many conversations that were."""
    mine = Conversation.objects.own(by)
    ids = list(mine.values_list("pk", flat=True))
    for talk in mine.exclude(exchanges__state=State.RUNNING):
        forget(conversation=talk, by=by)
    Exchange.objects.visible_to(by).filter(conversation=None).exclude(state=State.RUNNING).delete()
    return len(ids)
