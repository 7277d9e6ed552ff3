from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.docs.blocks import Answer
from apps.incidents.errors import NotThatKind, StepWaits
from apps.incidents.models import Step
from apps.incidents.runbooks.journal import locked, note, require_undone

State, Kind = Step.State, Step.Kind
_ENDED = ["state", "done_by", "done_at", "result", "data"]


@transaction.atomic
def mark(*, step: Step, done: bool, by: AbstractUser, words: str = "") -> Step:
    """Say that a step is done, or that it is left out. An action is done by running it alone."""
    row = locked(step)
    require_undone(row)
    if row.state == State.WAITING:
        raise StepWaits(who=str(row.asked_by))
    if done and row.kind == Kind.ACTION:
        raise NotThatKind(
            reason="An action is done by running it. Skip it if it was done elsewhere."
        )
    row.state = State.DONE if done else State.SKIPPED
    row.done_by_id, row.done_at, row.result = by.pk, timezone.now(), words[:1000]
    row.save(update_fields=_ENDED)
    note(row, "incidents.step_done" if done else "incidents.step_skipped", by)
    return row


@transaction.atomic
def note_check(*, step: Step, answer: Answer, by: AbstractUser) -> Step:
    """Keep what a check found; a check may be asked again, and the newest answer stands."""
    row = locked(step)
    if row.kind != Kind.CHECK:
        raise NotThatKind(reason="Only a check asks a question.")
    row.state, row.done_by_id, row.done_at = State.DONE, by.pk, timezone.now()
    row.result = ": ".join(part for part in (answer.title, answer.sentence) if part)[:1000]
    row.data = {"state": answer.state, "url": answer.url}
    row.save(update_fields=_ENDED)
    note(row, "incidents.step_checked", by, {"state": answer.state})
    return row


@transaction.atomic
def reopen(*, step: Step, by: AbstractUser) -> Step:
    """Take back a mark. What an action did stays done; the ledger keeps both."""
    row = locked(step)
    if not row.is_over:
        return row
    if row.kind == Kind.ACTION and row.state == State.DONE:
        raise NotThatKind(reason="This action was run; its undoing is another action.")
    row.state, row.done_by, row.done_at, row.result, row.data = State.OPEN, None, None, "", {}
    row.save(update_fields=_ENDED)
    note(row, "incidents.step_reopened", by)
    return row
