"""Writes to escalation policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.core.errors import Conflict, Invalid
from apps.incidents.models import Incident, Policy, Rung, RungTarget, Schedule
from apps.incidents.oncall import selectors
from apps.integrations.models import Connection
from apps.integrations.ports import Notifier, Pager
from apps.ledger.services import record
from apps.projects.models import Project

MOST_STEPS, MOST_TARGETS, MOST_REPEATS, MOST_MINUTES = 12, 10, 9, 1440


@dataclass(frozen=True, slots=True)
class Step:
    """So long after the step before it, these are paged."""

    after_minutes: int
    targets: Sequence[Schedule | User | Connection]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a policy is to be; `severity` empty: for every severity without one of its own."""

    name: str
    steps: Sequence[Step]
    severity: str = ""
    repeats: int = 2
    repeat_minutes: int = 15


@transaction.atomic
def create_policy(*, project: Project, wanted: Wanted, by: AbstractUser) -> Policy:
    """Say whom the incidents of a project page; those that are open already go on as they were planned."""
    policy = Policy(project=project)
    return _write(policy, wanted, by, "incidents.policy_created")


@transaction.atomic
def change_policy(*, policy: Policy, wanted: Wanted, by: AbstractUser) -> Policy:
    """Another plan from now on; what open incidents have planned stays."""
    locked = Policy.objects.select_for_update(of=("self",)).select_related("project")
    return _write(locked.get(pk=policy.pk), wanted, by, "incidents.policy_changed")


@transaction.atomic
def remove_policy(*, policy: Policy, by: AbstractUser) -> None:
    """Take a policy away; what open incidents have planned is still sent."""
    _record("incidents.policy_removed", policy, by)
    policy.delete()


def _write(policy: Policy, wanted: Wanted, by: AbstractUser, verb: str) -> Policy:
    _check(wanted)
    for step in wanted.steps:
        for target in step.targets:
            _check_target(policy.project, target)
    policy.name, policy.severity = wanted.name.strip(), wanted.severity
    policy.repeats, policy.repeat_minutes = wanted.repeats, wanted.repeat_minutes
    try:
        with transaction.atomic():
            policy.save()
    except IntegrityError as error:
        which = wanted.severity or "every other severity"
        reason = f"severity: {policy.project.name} has a policy for {which} already."
        raise Conflict(reason=reason) from error
    policy.rungs.all().delete()
    for position, step in enumerate(wanted.steps, start=1):
        _write_step(policy, position, step)
    _record(verb, policy, by)
    return policy


def _write_step(policy: Policy, position: int, step: Step) -> None:
    rung = Rung.objects.create(policy=policy, position=position, after_minutes=step.after_minutes)
    RungTarget.objects.bulk_create(
        RungTarget(rung=rung, **{_field(target): target}) for target in dict.fromkeys(step.targets)
    )


def _field(target: Schedule | User | Connection) -> str:
    if isinstance(target, Schedule):
        return "schedule"
    return "user" if isinstance(target, User) else "connection"


def _check(wanted: Wanted) -> None:
    if not 0 < len(wanted.name.strip()) <= 100:
        raise Invalid(field="name", reason="1 to 100 characters")
    if wanted.severity not in {"", *Incident.Severity.values}:
        raise Invalid(field="severity", reason=f"choose of {', '.join(Incident.Severity.values)}")
    if not 0 <= wanted.repeats <= MOST_REPEATS:
        raise Invalid(field="repeats", reason=f"0 to {MOST_REPEATS}")
    if not 1 <= wanted.repeat_minutes <= MOST_MINUTES:
        raise Invalid(field="repeat_minutes", reason=f"1 to {MOST_MINUTES}")
    if not 0 < len(wanted.steps) <= MOST_STEPS:
        raise Invalid(field="steps", reason=f"name 1 to {MOST_STEPS} steps")
    for number, step in enumerate(wanted.steps, start=1):
        if not 0 <= step.after_minutes <= MOST_MINUTES:
            raise Invalid(field="steps", reason=f"step {number}: 0 to {MOST_MINUTES} minutes")
        if not 0 < len(step.targets) <= MOST_TARGETS:
            raise Invalid(field="steps", reason=f"step {number}: name 1 to {MOST_TARGETS} targets")


def _check_target(project: Project, target: Schedule | User | Connection) -> None:
    if isinstance(target, User):
        if target.pk not in selectors.responders([project.pk])[project.pk]:
            reason = f"{target.username} needs the responder role in the project"
            raise Invalid(field="steps", reason=reason)
    elif isinstance(target, Schedule):
        if target.project_id != project.pk:
            raise Invalid(field="steps", reason=f"{target.name} is of another project")
    elif target.project_id not in {None, project.pk}:
        raise Invalid(field="steps", reason=f"{target.name} is of another project")
    elif not {Notifier, Pager} & set(target.entry.provides):
        reason = f"{target.entry.label} pages nobody; choose a pager, chat, mail or ntfy"
        raise Invalid(field="steps", reason=reason)


def _record(verb: str, policy: Policy, by: AbstractUser) -> None:
    data = {"name": policy.name, "severity": policy.severity}
    record(actor=by, verb=verb, subject=policy, project_id=policy.project_id, data=data)
