"""When to try again, and after how long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import SystemRandom

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})

_random = SystemRandom()


@dataclass(frozen=True, slots=True)
class Retry:
    """How often, and how patiently; waits double and are drawn at random below their cap."""

    times: int = 2
    base: float = 0.25
    longest: float = 20.0

    def wait(self, tried: int, retry_after: float | None) -> float | None:
        """Seconds to wait before the next try; `None` where there is none."""
        if tried > self.times or (retry_after or 0) > self.longest:
            return None
        backoff = _random.uniform(0, min(self.longest, self.base * 2**tried))
        return max(backoff, retry_after or 0)


NEVER = Retry(times=0)


def retry_after(value: str | None) -> float | None:
    """The seconds in a Retry-After header, given as a number or a date."""
    text = (value or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return _until(text)
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _until(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
