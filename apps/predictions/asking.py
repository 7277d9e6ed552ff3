"""A question in SQL about the predictions of a window: one SELECT over a table of its own, in memory.

SQLite answers it, without files, without writes, and for a second at most. Only the columns that the
question names are put into it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.predictions import selectors
from apps.predictions.columns import Table
from apps.predictions.errors import BadQuestion, TooMuchAsked

NAME = "predictions"
MOST_PREDICTIONS, MOST_ANSWERED, LONGEST = 200_000, 100, 5_000
SECONDS, STEPS = 1.0, 1_000
LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,  # the table has its columns named in one statement
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 10,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,
}
ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}


@dataclass(frozen=True, slots=True)
class Found:
    """What the question answers, at most the first hundred rows."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    whole: bool


def ask(deployment_id: int, question: str, since: datetime, until: datetime) -> Found:
    """The answer of one SELECT over `predictions`, those of `[since, until)`.

    Raises `BadQuestion` with SQLite's own words, and `TooMuchAsked`.
    """
    count = selectors.logged(deployment_id, since, until)
    if count > MOST_PREDICTIONS:
        raise TooMuchAsked(count=count, most=MOST_PREDICTIONS)
    return answer(selectors.table(deployment_id, since, until), question)


def answer(table: Table, question: str) -> Found:
    """The answer of one SELECT over this table."""
    if len(question) > LONGEST:
        raise BadQuestion(reason=f"it is longer than {LONGEST} characters")
    names = _distinct(table.column_names)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as store:
        for limit, most in LIMITS.items():
            store.setlimit(limit, most)
        with _said():
            store.execute(f"CREATE TABLE {NAME} ({', '.join(map(_quoted, names))})")
            _fill(store, table, _named(store, question, names))
            return _run(store, question)


def _named(store: sqlite3.Connection, question: str, names: list[str]) -> list[str]:
    """The columns that the question reads, as SQLite itself understands it: nothing is in the table yet."""
    read: set[str] = set()
    with _bounded(store, read):
        store.execute(question).fetchone()
    return [name for name in names if name in read]


def _fill(store: sqlite3.Connection, table: Table, names: list[str]) -> None:
    """Put the rows in, with no more than these columns."""
    if not names:
        rows: Iterator[tuple[Any, ...]] = ((None,) for _ in range(table.num_rows))
        names = table.column_names[:1]
    else:
        rows = zip(*(_plain(table.column(name).to_pylist()) for name in names), strict=True)
    columns, marks = ", ".join(map(_quoted, names)), ", ".join("?" * len(names))
    store.execute("BEGIN")
    store.executemany(f"INSERT INTO {NAME} ({columns}) VALUES ({marks})", rows)  # noqa: S608  quoted
    store.execute("COMMIT")


def _run(store: sqlite3.Connection, question: str) -> Found:
    with _bounded(store, set()):
        asked = store.execute(question)
        rows = asked.fetchmany(MOST_ANSWERED + 1)
    columns = [each[0] for each in asked.description or ()]
    return Found(columns, rows[:MOST_ANSWERED], len(rows) <= MOST_ANSWERED)


@contextmanager
def _bounded(store: sqlite3.Connection, read: set[str]) -> Iterator[None]:
    """Nothing but reading, for a second; `read` gets the columns."""
    ends = time.monotonic() + SECONDS

    def allow(kind: int, table: str | None, column: str | None, *_: Any) -> int:
        if kind == sqlite3.SQLITE_READ and table == NAME:
            read.add(column or "")
        return sqlite3.SQLITE_OK if kind in ALLOWED else sqlite3.SQLITE_DENY

    store.set_authorizer(allow)
    store.set_progress_handler(lambda: time.monotonic() > ends, STEPS)
    try:
        yield
    finally:
        store.set_authorizer(None)
        store.set_progress_handler(None, 0)


@contextmanager
def _said() -> Iterator[None]:
    """SQLite's refusals in the portal's words."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise BadQuestion(reason=f"it takes longer than {SECONDS:g} s") from error
        raise BadQuestion(reason=str(error)) from error
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise BadQuestion(reason=str(error)) from error


def _plain(values: list[Any]) -> Iterator[Any]:
    """Values as SQLite has them: times as text, booleans as numbers, whole numbers beyond 64 bits as floats."""
    for value in values:
        if isinstance(value, datetime):
            yield f"{value:%Y-%m-%d %H:%M:%S.%f}"
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            yield float(value)
        else:
            yield value if isinstance(value, int | float | str | None) else str(value)


def _distinct(names: list[str]) -> list[str]:
    """The names that SQLite can tell apart: it does not see capitals."""
    kept: dict[str, str] = {}
    for name in names:
        kept.setdefault(name.lower(), name)
    return list(kept.values())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\0", "") + '"'
