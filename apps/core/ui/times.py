"""Times as people say them. static/ui/when.js says them the same way while the page stays open."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

MINUTE, HOUR, DAY = 60, 3600, 86_400


def relative(moment: datetime, now: datetime | None = None) -> str:
    """ "3 min ago", "in 2 h"; beyond two weeks the date."""
    seconds = ((now or timezone.now()) - moment).total_seconds()
    span = abs(seconds)
    if span < 45:
        return "just now" if seconds >= 0 else "in a moment"
    if span >= 14 * DAY:
        return _date(moment, now or timezone.now())
    said = _span(span)
    return f"{said} ago" if seconds > 0 else f"in {said}"


def exact(moment: datetime) -> str:
    """The moment to the second with its zone, in the zone of the viewer."""
    local = timezone.localtime(moment)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S} {_zone(local)}"


def lasting(seconds: float) -> str:
    """A length of time in its two largest units that matter."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    for unit, name, smaller, small_name in (
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "min"),
        (MINUTE, "min", 1, "s"),
    ):
        if seconds >= unit:
            whole, rest = divmod(seconds, unit)
            tail = int(rest // smaller)
            return f"{int(whole)} {name} {tail} {small_name}" if tail else f"{int(whole)} {name}"
    return f"{seconds:.0f} s"


def _span(seconds: float) -> str:
    if seconds < 90 * MINUTE:
        return f"{max(1, round(seconds / MINUTE))} min"
    if seconds < 36 * HOUR:
        return f"{round(seconds / HOUR)} h"
    return f"{round(seconds / DAY)} d"


def _date(moment: datetime, now: datetime) -> str:
    local, today = timezone.localtime(moment), timezone.localtime(now)
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%b}{year}"


def _zone(local: datetime) -> str:
    return local.tzname() or "UTC"
