"""How long one waits for a model: for its first word, between two words, and for all of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from apps.assistant.errors import NotDone, TooSlow

T = TypeVar("T")
LOOK_SECONDS = 0.2  # how often it is looked whether somebody wants no more


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until the first word, between two of them, and altogether."""

    first: float = 45.0
    between: float = 15.0
    total: float = 120.0


class Stopped(Exception):
    """Somebody wants to hear no more."""


@dataclass(frozen=True, slots=True)
class _Said(Generic[T]):
    item: T


_END = object()


def paced(
    start: Callable[[], Generator[T, None, None]],
    *,
    model: str,
    patience: Patience,
    stopped: Callable[[], bool],
) -> Iterator[T]:
    """What `start` yields, in time, or `TooSlow`.

    It runs in a thread of its own: a read that waits can then be given up at any moment. The thread ends
    at its next word or at its own time-out; it closes the connection, which ends the model's work too.
    """
    queue: SimpleQueue[object] = SimpleQueue()
    gone = threading.Event()

    def run() -> None:
        try:
            _pass_on(start, queue, gone)
        except Exception as error:  # noqa: BLE001  it is raised again where the words are read
            queue.put(error)

    threading.Thread(target=copy_context().run, args=(run,), name="model", daemon=True).start()
    try:
        yield from _read(queue, model, patience, stopped)
    finally:
        gone.set()


def _pass_on(
    start: Callable[[], Generator[T, None, None]],
    queue: SimpleQueue[object],
    gone: threading.Event,
) -> None:
    with closing(start()) as words:
        for word in words:
            if gone.is_set():
                return
            queue.put(_Said(word))
    queue.put(_END)


def _read(
    queue: SimpleQueue[object], model: str, patience: Patience, stopped: Callable[[], bool]
) -> Iterator[T]:
    ends_at = time.monotonic() + patience.total
    allowed = patience.first
    while True:
        next_at = min(ends_at, time.monotonic() + allowed)
        found = _next(queue, next_at, stopped)
        if found is None:
            if next_at < ends_at:
                raise TooSlow(model=model, seconds=allowed)
            raise NotDone(model=model, seconds=patience.total)
        if found is _END:
            return
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, _Said)
        yield found.item
        allowed = patience.between


def _next(queue: SimpleQueue[object], until: float, stopped: Callable[[], bool]) -> object | None:
    """What comes next, `None` where nothing came in time."""
    while (left := until - time.monotonic()) > 0:
        try:
            return queue.get(timeout=min(left, LOOK_SECONDS))
        except Empty:
            if stopped():
                raise Stopped from None
    return None
