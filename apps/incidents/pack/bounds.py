"""A stretch of work that ends in time, whatever it does."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any

from django.db import connection, transaction

LEAST = 0.05  # seconds: a timer of zero would be none
RING_AGAIN = 0.1


class TimeUp(Exception):
    """The time of a gatherer is over."""


class _Clock:
    """Knows the end, and whether the database is being asked: it must not be torn from its answer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.until = time.monotonic() + seconds
        self.asking = False

    def check(self) -> None:
        if time.monotonic() > self.until:
            raise TimeUp

    def ring(self, _number: int, _frame: FrameType | None) -> None:
        if not self.asking:
            raise TimeUp

    def ask(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        self.check()
        self.asking = True
        try:
            return execute(sql, params, many, context)
        finally:
            self.asking = False


@contextmanager
def bounded(seconds: float, *, alarm: bool = True) -> Iterator[Callable[[], None]]:
    """Reads that end after so many seconds with `TimeUp`, or with the database's own refusal.

    What they write is undone. The answer checks the time where it is called. Python that never
    asks the database is stopped by the process's alarm, which only a main thread can have.
    """
    clock = _Clock(max(seconds, LEAST))
    with transaction.atomic():
        _limit_statements(clock.seconds)
        with connection.execute_wrapper(clock.ask), _alarm(clock) if alarm else nullcontext():
            yield clock.check
        # A gatherer reads. Undoing its savepoint also takes back the limit set above.
        transaction.set_rollback(True)


def _limit_statements(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, true)", [str(int(seconds * 1000))]
        )


@contextmanager
def _alarm(clock: _Clock) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, clock.ring)
    # Again and again: a ring that met the database in the middle of an answer was of no use.
    left, every = signal.setitimer(signal.ITIMER_REAL, clock.seconds, RING_AGAIN)
    began = time.monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # somebody else's timer goes on
            signal.setitimer(
                signal.ITIMER_REAL, max(LEAST, left - (time.monotonic() - began)), every
            )
