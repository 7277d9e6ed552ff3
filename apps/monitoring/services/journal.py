"""One row in the ledger for each change of a monitor."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser

from apps.ledger.services import record
from apps.monitoring.models import Monitor


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
