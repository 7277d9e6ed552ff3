"""The only way from an id to a row: what somebody else has asked does not exist."""

from __future__ import annotations

from django.db.models import Q

from apps.assistant.models import Conversation, EvalRun, Exchange, Proposal, Provider
from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import NotFound
from apps.projects import access as projects
from apps.projects.models import Project


def exchange(user: Person, pk: int) -> Exchange:
    """The person's own question with its answer."""
    row = Exchange.objects.visible_to(user).filter(pk=pk).select_related("conversation").first()
    if row is None:
        raise NotFound(what="question")
    return row


def readable_exchange(user: Person, pk: int) -> Exchange:
    """The question, one's own or in a conversation that is shared with one."""
    own = Exchange.objects.visible_to(user)
    shared = Conversation.objects.visible_to(user)
    found = Exchange.objects.filter(Q(pk__in=own) | Q(conversation__in=shared), pk=pk)
    row = found.select_related("conversation__shared_with").first()
    if row is None:
        raise NotFound(what="question")
    return row


def conversation(user: Person, pk: int) -> Conversation:
    """The person's own conversation."""
    row = Conversation.objects.own(user).filter(pk=pk).select_related("shared_with").first()
    if row is None:
        raise NotFound(what="conversation")
    return row


def readable_conversation(user: Person, pk: int) -> Conversation:
    """The conversation, one's own or shared with one."""
    found = Conversation.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("shared_with", "asked_by").first()
    if row is None:
        raise NotFound(what="conversation")
    return row


def is_own(user: Person, row: Conversation | Exchange) -> bool:
    """Whether the person asked it."""
    return row.asked_by_id == user.pk


def provider(user: Person, pk: int, *, to_change: bool = False) -> Provider:
    """The provider; changing one is for maintainers of its project, or for site admins."""
    row = Provider.objects.visible_to(user).filter(pk=pk).select_related("project").first()
    if row is None:
        raise NotFound(what="provider")
    if to_change:
        require_keeper(user, row.project)
    return row


def require_keeper(user: Person, project: Project | None) -> None:
    """Raise unless the person may set up models for this project, or with `None` for the portal."""
    if project is None:
        access.require_site_admin(user)
    else:
        access.require(user, project.pk, Role.MAINTAINER)


def may_keep(user: Person, project: Project | None) -> bool:
    """Whether the person may set up models there."""
    if project is None:
        return access.is_site_admin(user)
    return access.allows(user, project.pk, Role.MAINTAINER)


def may_set_terms(user: Person, project: Project) -> bool:
    """Whether the person says how long the project keeps questions, and how many there may be."""
    return access.allows(user, project.pk, Role.OWNER)


def project_to_keep(user: Person, slug: str | None) -> Project | None:
    """The project whose models the person sets up; `None` is the whole portal."""
    if not slug:
        access.require_site_admin(user)
        return None
    return projects.project(user, slug, Role.MAINTAINER)


def proposal(user: Person, pk: int) -> Proposal:
    """The proposal, where the person may see its project."""
    found = Proposal.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("project", "proposed_by", "decided_by", "exchange").first()
    if row is None:
        raise NotFound(what="proposal")
    return row


def may_decide(user: Person, row: Proposal) -> bool:
    """Whether the person holds the right that the deed needs."""
    return access.allows(user, row.project_id, Role(row.needed))


def eval_run(user: Person, pk: int) -> EvalRun:
    """The evaluation: a site admin's, or that of a project which the person maintains."""
    row = EvalRun.objects.visible_to(user).select_related("project").filter(pk=pk).first()
    if row is None:
        raise NotFound(what="evaluation")
    return row
