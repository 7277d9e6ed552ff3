"""What the beat asks for, on a machine that cannot keep up with it."""

from __future__ import annotations

import re

from portal.env import BASE_DIR
from portal.supervisor.plan import HOUSEKEEPERS
from portal.timetable import TIMETABLE

SOON = 5  # what runs each second is worth nothing later than this


def expiry(name: str) -> int:
    expires: int = TIMETABLE[name]["options"]["expires"]
    return expires


def test_the_demo_gives_way_before_the_portal_does() -> None:
    """They wait in one line: where it is longer than an entry's expiry, the entry never runs."""
    others = [name for name in TIMETABLE if name != "let the demo go on"]
    assert expiry("let the demo go on") < min(expiry(name) for name in others)


def each_second() -> list[str]:
    """The entries that are due every second."""
    paces = {name: getattr(TIMETABLE[name]["schedule"], "run_every", None) for name in TIMETABLE}
    return [name for name, pace in paces.items() if pace and pace.total_seconds() <= 1]


def test_what_runs_each_second_is_soon_worth_nothing() -> None:
    assert len(each_second()) > 3
    assert [name for name in each_second() if expiry(name) > SOON] == []


def test_housekeeping_has_a_thread_for_all_that_is_due_at_once() -> None:
    """While every thread is taken, Celery looks for messages once a second: the line would never end."""
    assert int(HOUSEKEEPERS) > len(each_second())
    for file in ("docker-compose.yml", "deploy/kubernetes/workers.yaml"):
        found = re.findall(r'"threads", "--concurrency", "(\d+)"', (BASE_DIR / file).read_text())
        assert found == [HOUSEKEEPERS], file
