"""Which queue a job goes to: what people wait for never stands behind what takes hours."""

from __future__ import annotations

from datetime import timedelta

from apps.core.jobs.work import USUAL, WORK


def test_what_takes_hours_stands_in_a_queue_of_its_own() -> None:
    long = {kind for kind, work in WORK.items() if work.queue == "long"}
    assert {kind for kind, work in WORK.items() if work.time_limit > USUAL} <= long
    assert {"demo.seed", "demo.make_version"} <= long


def test_what_people_wait_for_does_not() -> None:
    for kind in ("incidents.gather", "incidents.sync_ticket", "monitoring.notify"):
        work = WORK[kind]
        assert (work.queue, work.time_limit <= timedelta(hours=1)) == ("default", True), kind
