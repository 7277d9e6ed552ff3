"""Facts that lower apps announce and higher apps may act on. `portal/subscriptions.py` joins them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from apps.core.commit import after_commit

E = TypeVar("E")
_handlers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def on(event: type[E], handler: Callable[[E], None]) -> None:
    """Let `handler` hear of every `event` from now on."""
    if handler not in _handlers[event]:
        _handlers[event].append(handler)


def publish(event: object) -> None:
    """Call the handlers once the current transaction is safely stored."""
    for handler in _handlers[type(event)]:
        after_commit(handler, event)
