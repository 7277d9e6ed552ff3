"""The only way from an id to a row: what somebody else has asked does not exist."""

from __future__ import annotations

from apps.assistant.models import EvalRun, Exchange
from apps.core.access import Person
from apps.core.errors import NotFound


def exchange(user: Person, pk: int) -> Exchange:
    """The person's own question with its answer."""
    row = Exchange.objects.visible_to(user).filter(pk=pk).first()
    if row is None:
        raise NotFound(what="question")
    return row


def eval_run(user: Person, pk: int) -> EvalRun:
    """The evaluation: a site admin's, or that of a project which the person maintains."""
    row = EvalRun.objects.visible_to(user).select_related("project").filter(pk=pk).first()
    if row is None:
        raise NotFound(what="evaluation")
    return row
