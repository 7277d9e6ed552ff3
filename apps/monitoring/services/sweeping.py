"""Which monitors look now: claimed in one statement, so that two sweeps never take the same look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from apps.monitoring.looks import KINDS
from apps.monitoring.models import Monitor

MOST_AT_ONCE = 5000
# Monitors of a deployment whose turn comes this soon look along: its rows are read once for all.
ALONG = timedelta(seconds=10)

CLAIM = """
WITH ready AS (
    SELECT DISTINCT deployment_id FROM monitoring_monitor WHERE enabled AND due_at <= %(at)s
), taken AS (
    SELECT id FROM monitoring_monitor
    WHERE enabled AND due_at <= %(soon)s AND deployment_id IN (SELECT deployment_id FROM ready)
    ORDER BY due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
UPDATE monitoring_monitor AS monitor
SET due_at = %(at)s::timestamptz + make_interval(secs => monitor.every_seconds)
FROM taken WHERE monitor.id = taken.id
RETURNING monitor.deployment_id, monitor.id
"""


@transaction.atomic
def claim_due(*, at: datetime) -> dict[int, list[int]]:
    """Take the monitors whose time has come, by deployment, and set the time of their next look."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"at": at, "soon": at + ALONG, "most": MOST_AT_ONCE})
        found: dict[int, list[int]] = {}
        for deployment_id, monitor_id in cursor.fetchall():
            found.setdefault(deployment_id, []).append(monitor_id)
    return found


def together(*, monitor_ids: Sequence[int]) -> list[list[Monitor]]:
    """These monitors by deployment, as far as they are still there and look."""
    rows = Monitor.objects.filter(pk__in=monitor_ids, enabled=True, kind__in=list(KINDS))
    groups: dict[int, list[Monitor]] = {}
    for row in rows.select_related("deployment", "baseline", "project"):
        groups.setdefault(row.deployment_id, []).append(row)
    return list(groups.values())
