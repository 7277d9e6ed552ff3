"""Actions are run: once, by somebody who may, as their plan said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import AbstractUser
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from apps.core import access
from apps.incidents.errors import (
    NotThatKind,
    OwnStep,
    PlanChanged,
    StepNotAsked,
    StepTimedOut,
    StepWaits,
)
from apps.incidents.models import Step
from apps.incidents.runbooks import actions
from apps.incidents.runbooks.actions import Asked, Plan
from apps.incidents.runbooks.journal import locked, note, require_open, require_undone

State = Step.State
SECONDS = 10  # for one action; what it starts goes on by itself


def plan_of(step: Step, user: AbstractUser) -> Plan:
    """What the step would do now, as far as the person may see it. Nothing is changed."""
    if step.kind != Step.Kind.ACTION:
        raise NotThatKind(reason="Only an action has a plan.")
    action, argument = actions.named(step.text)
    return action.plan(Asked(user, step.incident, argument))


def ask(*, step: Step, plan: str, by: AbstractUser) -> Step:
    """Run an action, or have it wait for somebody else where it takes two or the person may not.

    `plan` is the digest of the plan that was looked at. The deed and the mark on the step are one
    transaction: whoever is killed in between has changed nothing, and a second click finds it done.
    """
    with in_time():
        row = _ready(step)
        if row.state == State.WAITING:
            raise StepWaits(who=str(row.asked_by))
        wanted = _agreed(row, plan, by)
        row.asked_by_id, row.asked_at = by.pk, timezone.now()
        row.plan = {"title": wanted.title, "consequence": wanted.consequence, "digest": plan}
        row.save(update_fields=["asked_by", "asked_at", "plan"])
        if row.needs_approval or not wanted.allowed(by, row.incident):
            return _wait(row, by)
        return _run(row, wanted, by)


def approve(*, step: Step, plan: str, by: AbstractUser) -> Step:
    """Run what somebody else asked for, with the rights of whoever approves."""
    with in_time():
        row = _ready(step)
        if row.state != State.WAITING:
            raise StepNotAsked
        if row.asked_by_id == by.pk:
            raise OwnStep
        wanted = _agreed(row, plan, by)
        return _run(row, wanted, by)


@transaction.atomic
def withdraw(*, step: Step, by: AbstractUser) -> Step:
    """Take a wish back, or turn it down: the step is to do again."""
    row = locked(step)
    require_undone(row)
    if row.state != State.WAITING:
        raise StepNotAsked
    row.state, row.asked_by, row.asked_at, row.plan = State.OPEN, None, None, {}
    row.save(update_fields=["state", "asked_by", "asked_at", "plan"])
    note(row, "incidents.step_withdrawn", by)
    return row


def _ready(step: Step) -> Step:
    row = locked(step)
    require_undone(row)
    require_open(row.incident)
    return row


def _agreed(row: Step, digest: str, by: AbstractUser) -> Plan:
    """The plan as it is now; another one than was looked at is refused."""
    found = plan_of(row, by)
    if found.digest != digest:
        raise PlanChanged
    return found


def _wait(row: Step, by: AbstractUser) -> Step:
    row.state = State.WAITING
    row.save(update_fields=["state"])
    note(row, "incidents.step_asked", by)
    return row


def _run(row: Step, wanted: Plan, by: AbstractUser) -> Step:
    access.require(by, row.incident.project_id, wanted.needed, what="step")
    action, argument = actions.named(row.text)
    outcome = action.run(Asked(by, row.incident, argument), by)
    row.state, row.done_by_id, row.done_at = State.DONE, by.pk, timezone.now()
    row.result, row.data = outcome.sentence[:1000], outcome.data
    row.save(update_fields=["state", "done_by", "done_at", "result", "data"])
    told = {"action": action.name, "asked_by": row.asked_by_id, **outcome.data}
    note(row, "incidents.step_run", by, told)
    return row


@contextmanager
def in_time() -> Iterator[None]:
    """One transaction that ends by itself where it hangs on a lock or a query."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"
            )
            before = cursor.fetchone()
            _limit(f"{SECONDS}s", f"{SECONDS}s")
            yield
            _limit(*before)
    except OperationalError as error:
        # 57014: a query was cancelled; 55P03: a lock was not to be had. Anything else is a fault.
        if getattr(error.__cause__, "sqlstate", "") not in {"57014", "55P03"}:
            raise
        raise StepTimedOut(seconds=SECONDS) from error


def _limit(statement: str, lock: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)",
            [statement, lock],
        )
