"""What the beat asks for, on a machine that cannot keep up with it."""

from __future__ import annotations

from portal.timetable import TIMETABLE

SOON = 5  # what runs each second is worth nothing later than this


def expiry(name: str) -> int:
    expires: int = TIMETABLE[name]["options"]["expires"]
    return expires


def test_the_demo_gives_way_before_the_portal_does() -> None:
    """They wait in one line: where it is longer than an entry's expiry, the entry never runs."""
    others = [name for name in TIMETABLE if name != "let the demo go on"]
    assert expiry("let the demo go on") < min(expiry(name) for name in others)


def test_what_runs_each_second_starves_together() -> None:
    each_second = [
        name
        for name, entry in TIMETABLE.items()
        if getattr(entry["schedule"], "run_every", None)
        and entry["schedule"].run_every.total_seconds() <= 1
    ]
    assert len(each_second) > 3
    assert [name for name in each_second if expiry(name) > SOON] == []
