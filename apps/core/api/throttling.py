"""How many requests a minute one token, one signed-in person or one anonymous address may send."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module through the settings

logger = logging.getLogger(__name__)

WINDOW = 60


class MinuteThrottle(BaseThrottle):
    """Counts in Redis, for all web processes together. Without Redis nobody is refused."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        return within_rate(*_who(request))

    def wait(self) -> float:
        return seconds_left()


def within_rate(kind: str, who: object) -> bool:
    """Count one request of `who`; whether it is within the rate of its kind."""
    name = f"api-rate:{kind}:{who}:{int(time.time() // WINDOW)}"
    try:
        cache.add(name, 0, timeout=WINDOW * 2)
        count = cache.incr(name)
    except (RedisError, ValueError) as error:
        # Redis restarts, or dropped the counter between the two calls: better to answer.
        logger.warning("Requests are not counted: %s", error)
        return True
    return bool(count <= settings.API_RATES[kind])


def seconds_left() -> float:
    """Until the next minute begins."""
    return WINDOW - time.time() % WINDOW


def address(request: Request) -> str:
    """Where a request comes from, as the server saw it; a header it sent is not believed."""
    return str(request.META.get("REMOTE_ADDR") or "unknown")


def _who(request: Request) -> tuple[str, object]:
    if not request.user.is_authenticated:
        return "anonymous", address(request)
    limits = getattr(request.user, "limits", None)
    if limits is None:
        return "person", request.user.pk
    return "token", limits.token_id
