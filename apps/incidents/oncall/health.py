"""The dead-man's switch: the engine leaves its pulse, and whoever serves pages looks how old it is."""

from __future__ import annotations

from django.conf import settings
from redis.exceptions import RedisError

from apps.core import pulse
from apps.core.health import Unwell, probe
from apps.core.http import NEVER, Http

NAME = "escalation"
STALE_SECONDS = 60.0
SAID = "Paging stands still: no page is sent until the system worker and the beat run again."


def beat() -> None:
    """Note that the engine lives."""
    pulse.beat(NAME)


def silent_for() -> float | None:
    """Seconds since the engine was last heard of; `None` where it never was, or not within a day."""
    found = (one.seconds_ago for one in pulse.heard() if one.name == NAME)
    return next(found, None)


def stands_still() -> bool:
    """Whether no page would be sent now. Where Redis is away nobody knows, and the banner says so, too."""
    try:
        seconds = silent_for()
    except (RedisError, OSError):
        return True
    return seconds is None or seconds > STALE_SECONDS


def tell_outside() -> None:
    """Ping the address that expects to hear from the engine each minute; its silence is the alarm."""
    if not settings.HEARTBEAT_URL:
        return
    with Http("The heartbeat's receiver", settings.HEARTBEAT_URL, retry=NEVER) as http:
        http.request("GET", "", seconds=10)


def _engine() -> None:
    try:
        seconds = silent_for()
    except (RedisError, OSError) as error:
        raise Unwell("Redis does not answer") from error
    if seconds is None:
        raise Unwell("the escalation engine was not heard of; no page is sent")
    if seconds > STALE_SECONDS:
        raise Unwell(f"the escalation engine was last heard of {seconds:.0f} s ago")


probe("escalation", _engine, needed=False)
