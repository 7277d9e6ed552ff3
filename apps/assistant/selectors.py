from __future__ import annotations

from django.db.models import Q, QuerySet

from apps.assistant.models import (
    Conversation,
    ConversationQuerySet,
    EvalRun,
    EvalRunQuerySet,
    Exchange,
    ExchangeQuerySet,
    Proposal,
    ProposalQuerySet,
    Provider,
    ProviderQuerySet,
    Score,
    Terms,
)
from apps.core.access import Person
from apps.incidents import selectors as incidents
from apps.incidents.models import Incident, IncidentQuerySet
from apps.projects.models import Project


def exchanges(user: Person) -> ExchangeQuerySet:
    """What the person has asked, newest first."""
    return Exchange.objects.visible_to(user).order_by("-pk")


def exchanges_of(conversation: Conversation) -> ExchangeQuerySet:
    """The questions of a conversation in their order."""
    return Exchange.objects.filter(conversation=conversation).order_by("pk")


def conversations(user: Person, words: str = "") -> ConversationQuerySet:
    """What the person has asked; `words` narrow by question and answer."""
    rows = Conversation.objects.own(user).select_related("shared_with")
    if words := words.strip()[:200]:
        inside = Exchange.objects.filter(
            Q(question__icontains=words) | Q(sentences__icontains=words), asked_by_id=user.pk
        )
        rows = rows.filter(pk__in=inside.values("conversation"))
    return rows


def readable(user: Person) -> ConversationQuerySet:
    """One's own conversations, and those that are shared with one."""
    return Conversation.objects.visible_to(user).select_related("shared_with").order_by("-pk")


def shared(user: Person) -> ConversationQuerySet:
    """What others let the person read."""
    rows = Conversation.objects.visible_to(user).exclude(shared_with=None)
    return rows.exclude(asked_by_id=user.pk).select_related("shared_with", "asked_by")


def providers(user: Person) -> ProviderQuerySet:
    """The models that may word answers for the person."""
    return Provider.objects.visible_to(user).select_related("project")


def terms(project: Project) -> Terms:
    """What a project allows the assistant; the usual where it says nothing."""
    return Terms.objects.filter(project=project).first() or Terms(project=project)


def proposals(user: Person) -> ProposalQuerySet:
    """What was proposed in the person's projects, newest first."""
    rows = Proposal.objects.visible_to(user).order_by("-pk")
    return rows.select_related("project", "proposed_by", "decided_by")


def eval_runs(user: Person) -> EvalRunQuerySet:
    """The evaluations that the person may see, newest first."""
    return EvalRun.objects.visible_to(user).select_related("project")


def scores(run: EvalRun) -> QuerySet[Score]:
    """How each question of an evaluation was answered, what was wrong first."""
    return run.scores.all()


def over(user: Person, project: str) -> IncidentQuerySet:
    """The incidents of a project that are over, newest first: what an evaluation asks about."""
    ended = (Incident.State.RESOLVED, Incident.State.CLOSED)
    return incidents.incidents(user).filter(project__slug=project, state__in=ended)
