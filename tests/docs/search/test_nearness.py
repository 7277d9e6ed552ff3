"""The pages that are compared by meaning are those that comparing all would find, and none that may not be seen."""

from __future__ import annotations

from collections import Counter

import numpy as np

from apps.docs.search import nearness
from apps.docs.search.merging import merged
from apps.docs.search.segments import Piece, Segment, segment

WIDTH, ROWS = 384, 5000
NONE: Counter[str] = Counter()


def _vectors() -> np.ndarray:
    """Some hundred directions with neighbours around each, as pages of like meaning have."""
    random = np.random.default_rng(7)
    directions = random.standard_normal((200, WIDTH))
    found = directions[random.integers(0, 200, ROWS)] + random.standard_normal((ROWS, WIDTH))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype("f4")


def _piece(number: int, vector: np.ndarray | None) -> Piece:
    read = None if vector is None else vector.astype("f2").tobytes()
    return Piece(number, number // 5, 1, "guide", NONE, NONE, NONE, read)


def _segment() -> tuple[Segment, np.ndarray]:
    vectors = _vectors()
    return segment([_piece(n, each) for n, each in enumerate(vectors)], WIDTH), vectors


def test_the_nearest_are_among_those_that_signs_leave() -> None:
    part, vectors = _segment()
    seen, scores = np.ones(ROWS, bool), np.zeros(ROWS)
    for query in vectors[:20]:
        rows = nearness.worth_comparing(part, seen, scores, query)
        nearest = np.argsort(-(vectors @ query))[:10]
        assert set(nearest.tolist()) <= set(rows.tolist())


def test_what_may_not_be_seen_is_not_compared() -> None:
    part, vectors = _segment()
    seen = np.arange(ROWS) < ROWS // 2
    rows = nearness.worth_comparing(part, seen, np.ones(ROWS), vectors[ROWS - 1])
    assert rows.max() < ROWS // 2


def test_the_best_by_their_words_are_compared_however_far_they_are() -> None:
    part, vectors = _segment()
    scores = np.zeros(ROWS)
    far = int(np.argmin(vectors @ vectors[0]))
    scores[far] = 1
    assert far in nearness.worth_comparing(part, np.ones(ROWS, bool), scores, vectors[0])


def test_signs_fill_whole_words() -> None:
    assert nearness.signs(np.array([[1, -1, 1]], "f2")).shape == (1, 1)
    assert nearness.signs(np.ones((2, WIDTH), "f2")).shape == (2, WIDTH // 64)


def test_a_part_without_meaning_joins_one_that_has_it() -> None:
    plain = segment([_piece(0, None)], WIDTH)
    assert plain.vectors is None
    read = segment([_piece(5, np.eye(WIDTH)[0])], WIDTH)
    both = merged([plain, read])
    assert both.vectors is not None
    assert both.vectors.sum(1).tolist() == [0, 1]
    assert both.page_norms.tolist() == [1, 1]
