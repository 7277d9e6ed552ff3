"""Old looks are thinned out: what alerts tell of stays, the rest grows coarser with its age."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

# Older than this, one look (and one point) of each stretch is kept; beyond the last, none.
STEPS = ((timedelta(days=7), "hour"), (timedelta(days=60), "day"))
FORGET_AFTER = timedelta(days=400)
BATCH = 20_000

THIN_VERDICTS = """
DELETE FROM monitoring_verdict WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (
            PARTITION BY monitor_id, date_trunc(%(stretch)s, at) ORDER BY id DESC
        ) AS place
        FROM monitoring_verdict WHERE at < %(until)s
    ) AS placed
    WHERE place > %(kept)s
      AND NOT EXISTS (SELECT 1 FROM monitoring_alert WHERE verdict_id = placed.id)
    LIMIT %(batch)s
)
"""
THIN_MEASUREMENTS = """
DELETE FROM monitoring_measurement WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (
            PARTITION BY monitor_id, part, date_trunc(%(stretch)s, at) ORDER BY id DESC
        ) AS place
        FROM monitoring_measurement WHERE at < %(until)s
    ) AS placed
    WHERE place > %(kept)s LIMIT %(batch)s
)
"""


def thin_out(*, at: datetime) -> int:
    """Delete what is finer than its age needs; answers how many rows. Safe to run twice."""
    gone = 0
    for statement in (THIN_VERDICTS, THIN_MEASUREMENTS):
        for age, stretch in STEPS:
            gone += _all(statement, {"until": at - age, "stretch": stretch, "kept": 1})
        gone += _all(statement, {"until": at - FORGET_AFTER, "stretch": "day", "kept": 0})
    return gone


def _all(statement: str, given: dict[str, Any]) -> int:
    """Batch by batch, so that no statement holds many rows for long."""
    gone = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, {**given, "batch": BATCH})
            deleted = int(cursor.rowcount)
        gone += deleted
        if deleted < BATCH:
            return gone
