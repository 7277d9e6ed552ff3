"""The judge alone: its e-values hold what they promise, and it is seldom wrong about good releases."""

from __future__ import annotations

from math import comb, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.deployments.gateway.buckets import EDGES
from apps.deployments.judge import Memory, Rules, Side, Stretch, look
from apps.deployments.judge.shares import Counts, log_evidence
from tests.deployments.releases.simulated import FALSE_ALARM, Course, Effect, released

RELEASES = 200
SHORT = Course(looks=14, requests=200)


def counts(live_hits: float, live: float, new_hits: float, new: float) -> Counts:
    return Counts(*(np.array([float(v)]) for v in (live_hits, live, new_hits, new)))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    past=st.tuples(*[st.integers(0, 40)] * 4),
    sizes=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    margin=st.sampled_from([0.005, 0.05, 0.1]),
    live_share=st.floats(0, 1),
    worse=st.floats(0, 1),
)
def test_no_bet_gains_under_the_null(
    past: tuple[int, ...], sizes: tuple[int, int], margin: float, live_share: float, worse: float
) -> None:
    """The mean of each e-value over every outcome is 1 at most, whatever was bet: exact, not simulated."""
    live_hits, live_more, new_hits, new_more = past
    known = counts(live_hits, live_hits + live_more, new_hits, new_hits + new_more)
    new_share = min(1.0, live_share + worse * margin)
    (n, m), mean = sizes, np.zeros(4)
    for a in range(n + 1):
        for b in range(m + 1):
            chance = comb(n, a) * live_share**a * (1 - live_share) ** (n - a)
            chance *= comb(m, b) * new_share**b * (1 - new_share) ** (m - b)
            gained = log_evidence(known, counts(a, n, b, m), np.array([margin]), np.array([0.05]))
            mean += chance * np.exp(gained[0])
    assert np.all(mean <= 1 + 1e-6), mean


def test_of_200_good_releases_no_more_are_taken_back_than_stated() -> None:
    taken = [
        ending
        for ending in (released(seed, course=SHORT) for seed in range(RELEASES))
        if ending.taken_back
    ]
    assert len(taken) <= FALSE_ALARM * RELEASES, [ending.reason for ending in taken]


@pytest.mark.parametrize(
    ("effect", "topic"),
    [
        (Effect(failing=0.2), "errors"),
        (Effect(refusing=0.3), "errors"),
        (Effect(slower=10), "latency"),
        (Effect(shift=0.3), "scores"),
        (Effect(wrong=0.7), "quality"),
    ],
)
def test_bad_releases_are_taken_back(effect: Effect, topic: str) -> None:
    endings = [released(seed, effect, SHORT) for seed in range(5)]
    assert all(ending.reason.startswith(f"It is worse. {topic}") for ending in endings), endings


def test_what_is_within_the_margins_is_no_reason() -> None:
    small = Effect(failing=0.005, slower=1.001, shift=0.01, wrong=0.12)
    assert not any(released(seed, small, SHORT).taken_back for seed in range(10))


def test_one_that_turns_bad_late_is_noticed() -> None:
    rng = np.random.default_rng(1)
    memory, rules = Memory(), Rules(FALSE_ALARM, EDGES)
    good = [Side(requests=300, failures=int(rng.binomial(300, 0.003))) for _ in range(400)]
    for live, new in zip(good[::2], good[1::2], strict=True):
        assert look(memory, Stretch(live, new), rules).verdict != "roll_back"
    for _ in range(20):
        bad = Side(requests=300, failures=int(rng.binomial(300, 0.2)))
        report = look(memory, Stretch(good[0], bad), rules)
        if report.verdict == "roll_back":
            return
    raise AssertionError(report.reason)


def test_missing_answers_and_categories_are_told_apart() -> None:
    for live, new in ((["a", "b"] * 100, ["a"] * 200), ([0.5, 0.7] * 100, ["missing"] * 200)):
        memory, rules = Memory(), Rules(FALSE_ALARM, EDGES)
        for _ in range(4):
            report = look(memory, Stretch(Side(200, scores=live), Side(200, scores=new)), rules)
        assert report.verdict == "roll_back"
        assert report.reason.startswith("It is worse. scores")


def test_the_memory_survives_as_json() -> None:
    memory, rules = Memory(), Rules(FALSE_ALARM, EDGES)
    side = Side(200, 1, 2, [10] * (len(EDGES) + 1), [0.1, 0.2, 0.3] * 50, [0.0, 1.0] * 50)
    look(memory, Stretch(side, side), rules)
    again = Memory.model_validate_json(memory.model_dump_json())
    first, second = (look(each, Stretch(side, side), rules) for each in (memory, again))
    assert first == second
    assert log(rules.needed) == pytest.approx(log(4 / FALSE_ALARM))
