"""Who was alive lately: workers and the sweep leave the time in Redis, pages and probes read it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django_redis import get_redis_connection
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

KEY = "signalbox:pulse"
FRESH_SECONDS = 30.0
FORGET_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """When one part was last heard of."""

    name: str
    seconds_ago: float

    @property
    def fresh(self) -> bool:
        return self.seconds_ago < FRESH_SECONDS


def beat(name: str) -> None:
    """Note that `name` lives. Where Redis is away, nobody hears it and nothing stops."""
    try:
        get_redis_connection("default").hset(KEY, name, str(time.time()))
    except (RedisError, OSError) as error:
        logger.warning("No pulse of %s: %s", name, error)


def heard() -> list[Pulse]:
    """Everybody heard of within a day; raises `RedisError` where Redis is away."""
    store = get_redis_connection("default")
    now = time.time()
    found = []
    for name, at in store.hgetall(KEY).items():
        seconds = now - float(at)
        if seconds > FORGET_SECONDS:
            store.hdel(KEY, name)
        else:
            found.append(Pulse(name.decode(), max(0.0, seconds)))
    return sorted(found, key=lambda pulse: pulse.name)
