"""Live pages: a topic such as `job:12` says that it changed; the page fetches it again.

A message carries no content, so what a person sees passes the same access functions as the page.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterable

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from apps.core.access import Person
from apps.core.commit import after_commit

logger = logging.getLogger(__name__)

May = Callable[[Person, str], bool]
_topics: dict[str, May] = {}
_NAME = re.compile(r"[a-z_]{1,30}:[A-Za-z0-9_.-]{1,50}", re.ASCII)
PATIENCE_SECONDS = 2.0


def topic(kind: str, may: May) -> None:
    """Offer the topics `kind:<id>`; `may(user, id)` says who may subscribe."""
    if _topics.setdefault(kind, may) is not may:
        raise ValueError(f"two topics are called {kind}")


def may_hear(user: Person, name: str) -> bool:
    """Whether the person may subscribe to this topic. An unknown topic looks like a hidden one."""
    kind, _, key = name.partition(":")
    return bool(_NAME.fullmatch(name)) and kind in _topics and _topics[kind](user, key)


def group(name: str) -> str:
    """The channel group of a topic."""
    return "live." + name.replace(":", ".")


def changed(name: str) -> None:
    """Tell everybody who watches `name`, once the current transaction is stored."""
    changed_all([name])


def changed_all(names: Iterable[str]) -> None:
    """Tell everybody who watches any of `names`, once the current transaction is stored."""
    after_commit(_send, tuple(names))


def _send(names: tuple[str, ...]) -> None:
    try:
        async_to_sync(_publish)(names)
    except (OSError, RedisError, TimeoutError) as error:
        # The page falls back to polling; the change itself is stored.
        logger.warning("No live message for %s: %r", ", ".join(names), error)


async def _publish(names: tuple[str, ...]) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    async with asyncio.timeout(PATIENCE_SECONDS):
        for name in names:
            await layer.group_send(group(name), {"type": "live.changed", "topic": name})
