"""Log lines that begin with a moment, and which of them are new."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from apps.integrations.ports import LogPart

_STAMPED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|[+-]\d\d:\d\d)\s?(.*)")

SKEW_SECONDS = 120  # how far the clocks of portal and cluster may stand apart


def ago(since: str) -> int:
    """Seconds since a moment, and some more: `newer` drops what was told before."""
    then = datetime.fromisoformat(f"{since[:19]}+00:00")
    return max(0, int((datetime.now(UTC) - then).total_seconds())) + SKEW_SECONDS


def newer(lines: Iterable[str], since: str) -> LogPart:
    """The lines after a moment, without their own; whoever asks on from the last misses none."""
    kept, last = [], since
    for line in lines:
        found = _STAMPED.fullmatch(line)
        stamp = f"{found[1]}.{(found[2] or '').ljust(9, '0')}Z" if found else last
        if found is None or stamp > since:
            kept.append(found[3] if found else line)
            last = max(last, stamp)
    return LogPart(tuple(kept), last)
