"""The second look by meaning moves towards the best pages, and towards nothing else."""

from __future__ import annotations

from collections import Counter

import numpy as np

from apps.docs.search import feedback
from apps.docs.search.segments import Piece, Segment, segment

QUERY = np.array([1, 0, 0], "f4")


def _pages(*vectors: tuple[float, float, float]) -> Segment:
    """Pages of one passage each."""
    none: Counter[str] = Counter()
    unit = [np.array(each) / np.linalg.norm(each) for each in vectors]
    return segment(
        [
            Piece(number, number, 1, "runbook", none, none, none, each.astype("f2").tobytes())
            for number, each in enumerate(unit)
        ],
        width=3,
    )


def _again(part: Segment, *scores: float) -> list[float]:
    found = np.array(scores, "f4")
    feedback.look_again([part], [found], QUERY, weight=0.5)
    return list(found)


def test_a_page_near_the_best_ones_gains_on_one_that_is_as_near_to_the_query() -> None:
    part = _pages((1, 1, 0), (1, 1, 0.1), (1, 0.9, 0), (1, -1, 0))
    *_, like, unlike = _again(part, 0.9, 0.8, 0.3, 0.3)
    assert like > unlike > 0


def test_what_may_not_be_seen_pulls_nowhere_and_stays_hidden() -> None:
    towards = _again(_pages((1, 1, 0), (0, 0, 1)), 0.9, 0)
    other = _again(_pages((1, 1, 0), (0, 1, -1)), 0.9, 0)
    assert towards == other
    assert towards[1] == 0


def test_what_was_found_stays_found() -> None:
    part = _pages((0, 1, 0), (0, 1, 0), (0, 1, 0), (0, 1, 0), (0, 1, 0), (1, 0, 0))
    assert all(_again(part, 0.9, 0.9, 0.9, 0.9, 0.9, 0.001))


def test_segments_look_together() -> None:
    near, far = _pages((1, 1, 0)), _pages((1, 0.9, 0), (1, -1, 0))
    scores = [np.array([0.9], "f4"), np.array([0.3, 0.3], "f4")]
    feedback.look_again([near, far], scores, QUERY, weight=0.5)
    assert scores[1][0] > scores[1][1]


def test_without_anything_found_nothing_happens() -> None:
    assert _again(_pages((1, 1, 0)), 0) == [0]
