"""The time, and what tells a clock that was set from time that went by.

`due_at` is kept in UTC. The machine's uptime cannot be set; where the clock moves against it, what waits moves along,
so a page comes as long after its cause as the policy says. The uptime of another machine, or of another start
of this one, says nothing: there the clock alone counts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TOLERATED = timedelta(milliseconds=500)  # clocks are slewed a little all the time


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the clock: the time, this machine's start, and their distance in seconds."""

    now: datetime
    boot: str
    offset: float


def read() -> Reading:
    """Look at the clock."""
    wall = time.time()
    return Reading(datetime.fromtimestamp(wall, UTC), boot(), wall - uptime())


def uptime() -> float:
    """Seconds that went by since this machine started, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@lru_cache(maxsize=1)
def boot() -> str:
    """What names this start of the machine; empty where nothing does."""
    try:
        return BOOT_ID.read_text().strip()[:40]
    except OSError:
        return ""
