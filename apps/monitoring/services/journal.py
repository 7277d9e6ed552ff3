"""One row in the ledger for each change of a monitor, of an alert, of whom alerts are told."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser

from apps.ledger.services import record
from apps.monitoring.models import Alert, Monitor, Route, Silence, Upstream


def note(
    monitor: Monitor, *, verb: str, by: AbstractUser | None, data: dict[str, Any] | None = None
) -> None:
    """Record what happened to a monitor."""
    record(
        actor=by,
        verb=verb,
        subject=monitor,
        project_id=monitor.project_id,
        data={"deployment": monitor.deployment_id, **(data or {})},
    )


def note_alert(
    alert: Alert, *, verb: str, by: AbstractUser | None = None, data: dict[str, Any] | None = None
) -> None:
    """Record what happened to an alert: under its monitor where it has one, else under itself."""
    told = {"alert": alert.pk, **(data or {})}
    if alert.monitor is not None:
        note(alert.monitor, verb=verb, by=by, data=told)
    else:
        record(actor=by, verb=verb, subject=alert, project_id=alert.project_id, data=told)


def note_rule(
    rule: Silence | Route | Upstream,
    *,
    verb: str,
    by: AbstractUser | None,
    data: dict[str, Any] | None = None,
) -> None:
    """Record what happened to a silence, a route or an upstream table."""
    record(actor=by, verb=verb, subject=rule, project_id=rule.project_id, data=data or {})
