"""The detector: causal, bounded, and quiet where nothing happens."""

from __future__ import annotations

import json
import math
import os
import random
from pathlib import Path

import pytest

from apps.monitoring import anomalies
from apps.monitoring.anomalies import THRESHOLD, Detector
from bench import nab

LABELLED = Path(os.environ.get("LABELLED_SERIES", "../shared/data/series"))
STEP = 300.0


def daily(rows: int, seed: int = 1) -> tuple[list[float], list[float]]:
    """Values with a wave a day and some noise, every five minutes."""
    chance = random.Random(seed)
    times = [row * STEP for row in range(rows)]
    wave = [math.sin(2 * math.pi * at / 86_400) for at in times]
    return times, [10 + 3 * each + chance.gauss(0, 0.3) for each in wave]


def alarms(scores: list[float]) -> list[int]:
    return [row for row, score in enumerate(scores) if score >= THRESHOLD]


def test_a_score_depends_on_no_later_row() -> None:
    times, values = daily(1200)
    whole = anomalies.score(times, values).values
    other = anomalies.score(times, [*values[:800], *([1e6] * 400)]).values
    assert whole[:800] == other[:800]
    assert whole[:800] == anomalies.score(times[:800], values[:800]).values


@pytest.mark.parametrize("what", ["spike", "step", "silence"])
def test_it_sees_what_leaves_the_pattern(what: str) -> None:
    times, values = daily(3000)
    changed = {"spike": [60.0] * 3, "step": [v + 15 for v in values[2000:]], "silence": [0.0] * 200}
    values[2000 : 2000 + len(changed[what])] = changed[what]
    found = alarms(anomalies.score(times, values).values)
    assert any(2000 <= row < 2010 for row in found), found


def test_it_is_quiet_after_an_alarm() -> None:
    times, values = daily(3000)
    values[2000:2060] = [60.0] * 60
    found = [row for row in alarms(anomalies.score(times, values).values) if row >= 2000]
    assert len([row for row in found if row < 2100]) == 1


def test_what_never_moves_never_alarms_and_its_first_move_does() -> None:
    for constant in (0.0, 0.1, 1e15, -3.7):
        values = [constant] * 1500
        times = [row * STEP for row in range(1500)]
        assert alarms(anomalies.score(times, values).values) == []
        values[1200] = constant + max(1.0, abs(constant))
        assert alarms(anomalies.score(times, values).values)[0] == 1200


def test_missing_irregular_and_extreme_values_are_no_reason_to_fail() -> None:
    chance = random.Random(7)
    times, values = daily(2000)
    times = [at + chance.uniform(-3000, 3000) for at in times]
    holed: list[float | None] = [v if chance.random() > 0.2 else None for v in values]
    holed[500:510] = [math.inf, -math.inf, math.nan, 1e308, -1e308, 5e-324, 0.0, -0.0, None, 1e200]
    found = anomalies.score(times, holed).values
    assert len(found) == 2000
    assert all(0 <= score <= 1 for score in found)
    assert found[508] == 0


def test_one_row_and_none() -> None:
    assert anomalies.score([0.0], [5.0]).values == [0.0]
    assert anomalies.score([], []).spans == []


def test_a_scale_or_a_shift_changes_no_alarm() -> None:
    times, values = daily(2500)
    values[1800] = 40.0
    plain = alarms(anomalies.score(times, values).values)
    assert alarms(anomalies.score(times, [1000 * v - 512 for v in values]).values) == plain
    assert alarms(anomalies.score(times, [-v for v in values]).values) == plain


def test_its_state_can_be_kept_as_json_between_calls() -> None:
    times, values = daily(1500)
    whole = anomalies.score(times, values).values
    for cut in (0, 1, 90, 1100):
        first = Detector()
        before = anomalies.score(times[:cut], values[:cut], first).values
        again = Detector.of(json.loads(json.dumps(first.state())))
        assert before + anomalies.score(times[cut:], values[cut:], again).values == whole


def test_what_it_keeps_does_not_grow() -> None:
    judge = Detector()
    for row in range(200_000):  # more than two days, every second
        judge.add(float(row), float(row % 7))
    assert len(json.dumps(judge.state())) < 100_000


def test_spans_join_what_belongs_together() -> None:
    times, values = daily(3000)
    values[2000:2030] = [60.0] * 30
    found = [span for span in anomalies.score(times, values).spans if span.end >= 2000]
    assert found[0].start == 2000
    assert found[0].end < 2100
    assert found[0].score >= THRESHOLD


def test_the_benchmark_is_scored_by_its_published_rule() -> None:
    times = [f"2026-01-01T{row // 60:02d}:{row % 60:02d}:00" for row in range(1000)]
    case = nab.Case("a", times, [0.0] * 1000, [(400, 499)])
    assert nab.benchmark({"a": []}, [case]) == 0
    assert nab.benchmark({"a": [400]}, [case]) == pytest.approx(100)
    assert nab.benchmark({"a": [10, 400]}, [case]) == pytest.approx(100)  # probation
    assert nab.benchmark({"a": [300, 400]}, [case]) == pytest.approx(100 - 0.11 * 50)
    assert nab.benchmark({"a": [499]}, [case]) < 60
    assert nab.benchmark({"a": [400, 999]}, [case]) < 100


@pytest.mark.skipif(not (LABELLED / "windows.json").exists(), reason="no labelled series here")
def test_it_is_better_than_the_best_open_detectors() -> None:
    given = nab.cases(LABELLED)
    from bench.anomalies import _at, _score

    assert _at({case.name: _score(case) for case in given}, given, THRESHOLD) > 70
