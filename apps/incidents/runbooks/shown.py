"""A runbook in hand as its page shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.core.access import Person, Role, allows
from apps.docs.models import Document
from apps.incidents.models import Incident, Step
from apps.incidents.runbooks import actions
from apps.incidents.runbooks.actions import Outcome

MOST = 50  # runbooks to choose from


@dataclass(frozen=True, slots=True)
class Row:
    """A step, what became of it since, and whether its section begins here."""

    step: Step
    outcome: Outcome | None
    opens: str


def rows(user: Person, incident: Incident) -> list[Row]:
    """The steps in order."""
    found = incident.steps.select_related("asked_by", "done_by", "document")
    return list(_rows(user, list(found)))


def _rows(user: Person, steps: list[Step]) -> Iterator[Row]:
    before: tuple[int | None, str] | None = None
    for step in steps:
        here = (step.document_id, step.section)
        yield Row(step, outcome(user, step), step.section if here != before else "")
        before = here


def outcome(user: Person, step: Step) -> Outcome | None:
    """What became of an action since it was run; `late` where its time is over."""
    if step.kind != Step.Kind.ACTION or step.state != Step.State.DONE or step.done_at is None:
        return None
    if (action := actions.find(step.text)) is None:
        return None  # A later version of the portal may have dropped the verb.
    found = action.follow(user, step.data)
    if found is None or found.state in {"live", "failed", "aborted", "rolled_back", "superseded"}:
        return found
    if timezone.now() < step.done_at + action.patience:
        return found
    minutes = action.patience // timedelta(minutes=1)
    words = f"{found.sentence} It was to be over within {minutes} minutes."
    return Outcome(words, state="overdue", url=found.url)


def progress(incident: Incident) -> dict[str, Any]:
    """How far the incident is with its runbook."""
    states = list(incident.steps.order_by().values_list("state", flat=True))
    over = sum(state in Step.OVER for state in states)
    return {"steps_all": len(states), "steps_over": over, "steps_waiting": states.count("waiting")}


def offered(user: Person, incident: Incident) -> list[Document]:
    """The runbooks that may be taken in hand: what the evidence found first, then the project's others."""
    found = incident.evidence.filter(kind="runbook").values_list("data__document", flat=True)
    matched = set(found)
    mine = Document.objects.visible_to(user).in_force()
    mine = mine.filter(project_id=incident.project_id, kind=Document.Kind.RUNBOOK)
    first = list(mine.filter(pk__in=matched))
    return [*first, *mine.exclude(pk__in=matched)[: MOST - len(first)]]


def page(user: Person, incident: Incident) -> dict[str, Any]:
    """The check list, and what the person may do with it."""
    taken = set(incident.steps.order_by().values_list("document_id", flat=True))
    return {
        "incident": incident,
        "rows": rows(user, incident),
        "offered": [each for each in offered(user, incident) if each.pk not in taken],
        "actions": actions.known(),
        "may_respond": allows(user, incident.project_id, Role.RESPONDER),
        **progress(incident),
    }


def step(user: Person, row: Step) -> dict[str, Any]:
    """One step of the check list."""
    return {
        "incident": row.incident,
        "step": row,
        "outcome": outcome(user, row),
        "mine": row.asked_by_id == user.pk,
        "may_respond": allows(user, row.incident.project_id, Role.RESPONDER),
    }
