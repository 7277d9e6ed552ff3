"""Told alerts into their rows: one statement for many, each fingerprint once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection
from psycopg import Cursor

from apps.monitoring.alerting.reading import Told

Telling = tuple[int, Sequence[Told]]  # the project, and what it was told

SHAPE = """jsonb_to_recordset(%s::jsonb) AS told(
    p int, f text, n text, s text, v text, l jsonb, a jsonb, u text, b float8, e float8, t int, c bigint
)"""
# Sorted by what the unique index holds: two processes that tell the same alerts lock their rows in
# one order and never wait for each other in a ring.
# What was told before is told again most of the time: then nothing can be lost but how often, and no commit
# waits for the disk. A row that is new, or whose end had come, is on the disk before anybody is answered.
KEEP = f"""
WITH kept AS (
    INSERT INTO monitoring_alert AS known (
        project_id, source, connection_id, fingerprint, "group", name, summary, severity, labels, annotations,
        features, url, state, fired_at, seen_at, times, ends_at, silenced, settled, mark, note
    )
    SELECT p, 'inbound', c, f, 'alertname:' || left(n, 180), n, s, v, l, a,
        '[]', u, 'firing', to_timestamp(b), now(), t, to_timestamp(e), false, false, '', ''
    FROM {SHAPE} ORDER BY p, f
    ON CONFLICT (project_id, fingerprint) WHERE state = 'firing' DO UPDATE SET
        seen_at = now(), times = known.times + excluded.times, ends_at = excluded.ends_at,
        summary = excluded.summary, annotations = excluded.annotations, url = excluded.url
    -- The subquery sees the row as it was before.
    RETURNING xmax = 0 OR coalesce(
        (SELECT old.ends_at <= now() FROM monitoring_alert AS old WHERE old.id = known.id), true
    ) AS fresh
)
SELECT set_config('synchronous_commit', 'off', true) FROM kept HAVING NOT bool_or(fresh)
"""  # noqa: S608  the statement's own words
END = """
UPDATE monitoring_alert AS known SET ends_at = least(told.ends, now()), seen_at = now()
FROM (
    SELECT alert.id, to_timestamp(over.e) AS ends
    FROM jsonb_to_recordset(%s::jsonb) AS over(p int, f text, e float8)
    JOIN monitoring_alert AS alert
        ON alert.project_id = over.p AND alert.fingerprint = over.f AND alert.state = 'firing'
    ORDER BY alert.project_id, alert.fingerprint FOR UPDATE OF alert
) AS told WHERE known.id = told.id
"""


@dataclass(slots=True)
class _Folded:
    told: Told
    times: int = 0
    fires: bool = False
    connection: int | None = None


def keep(tellings: Iterable[Telling], *, connection_id: int | None = None) -> None:
    """Store what was told; when this returns, it is committed.

    Safe to run twice: a fingerprint that fires has one row, whoever tells of it at the same time. What is
    told to have ended gets that end; the sweep resolves it.
    """
    folded = _fold(tellings, datetime.now(UTC).timestamp(), connection_id)
    fires = [_row(project, one) for (project, _), one in folded.items() if one.fires]
    ends = [
        {"p": project, "f": mark, "e": one.told.ends_at}
        for (project, mark), one in folded.items()
        if not one.fires
    ]
    for statement, rows in ((KEEP, fires), (END, ends)):
        if rows:
            _commit(statement, rows)


def _commit(statement: str, rows: list[dict[str, Any]]) -> None:
    # Prepared on the server: planning it would cost more than running it. By itself it is a transaction: the
    # way to the database and back is gone once, where BEGIN and COMMIT would go it twice more.
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.execute(statement, [orjson.dumps(rows).decode()], prepare=True)


def _fold(
    tellings: Iterable[Telling], now: float, connection_id: int | None
) -> dict[tuple[int, str], _Folded]:
    """Each fingerprint once, with the last word on it, and how often it was told to fire."""
    folded: dict[tuple[int, str], _Folded] = {}
    for project, alerts in tellings:
        for told in alerts:
            one = folded.get((project, told.fingerprint))
            if one is None:
                one = folded[project, told.fingerprint] = _Folded(told, 0, False, connection_id)
            one.told = told
            if told.ends_at > now:
                one.fires = True
                one.times += 1
    return folded


def _row(project: int, one: _Folded) -> dict[str, Any]:
    told = one.told
    return {
        "p": project,
        "f": told.fingerprint,
        "n": told.name,
        "s": told.summary,
        "v": told.severity,
        "l": told.labels,
        "a": told.annotations,
        "u": told.url,
        "b": told.starts_at,
        "e": told.ends_at,
        "t": one.times,
        "c": one.connection,
    }
