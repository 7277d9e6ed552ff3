"""What the soak calls growth without bound, and what it reads in a log."""

from __future__ import annotations

from pathlib import Path

from django.apps import apps

from bench.soak_bounds import BOUNDS, bound_of
from bench.soak_judge import growths, judge
from bench.soak_logs import bad_lines
from bench.soak_samples import Sample


def run(name: str, *figures: float) -> list[Sample]:
    return [Sample(30.0 * n, n / 10, {name: figure}) for n, figure in enumerate(figures)]


def test_a_line_is_growth_and_a_stair_that_ends_is_not() -> None:
    line = [1000.0 * n for n in range(27)]
    stair = [min(9.0, n) * 1000 for n in range(27)]
    assert judge(run("rows signalbox.core_thing", *line)) == 1
    assert judge(run("rows signalbox.core_thing", *stair)) == 0


def test_what_comes_and_goes_is_not_growth() -> None:
    assert (
        judge(run("rows signalbox.core_thing", *[5000.0 * (n % 2) for n in range(26)], 5000)) == 0
    )


def test_a_named_bound_is_no_miss_and_growth_is_told_by_the_hour() -> None:
    samples = run("rows signalbox.core_job", *[1000.0 * n for n in range(27)])
    assert judge(samples) == 0
    (growth,) = growths(samples)
    assert round(growth.hourly) == 10_000
    assert bound_of("rows signalbox.core_job") == "90 days"


def test_every_bound_is_of_a_table_that_is_there() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    named = [shape.removeprefix("signalbox.") for shape in BOUNDS if shape.startswith("signalbox.")]
    assert [name for name in named if "*" not in name and name not in tables] == []


def test_a_traceback_is_told_by_its_last_line(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_text(
        "2026-11-27 10:00:00,001 Traceback (most recent call last):\n"
        '2026-11-27 10:00:00,001   File "x.py", line 3, in f\n'
        "2026-11-27 10:00:00,001 ValueError: row 12\n"
        "2026-11-27 10:00:01,001 [2026-11-27 10:00:01,001: ERROR/MainProcess] job 7 failed\n"
        "2026-11-27 10:00:02,001 all is well\n"
    )
    told = list(bad_lines(log))
    assert told[0] == "Traceback: ValueError: row N"
    assert told[1].endswith("job N failed")
    assert len(told) == 2
