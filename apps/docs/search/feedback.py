"""A second look by meaning: the query moves towards the pages that answer best, and the best are ranked anew.

Rocchio, "Relevance feedback in information retrieval", 1971, with the best pages taken for relevant. What a question
leaves unsaid, they say; only pages that the person may see are among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apps.core.late import late
from apps.docs.search.nearness import best_of_pages
from apps.docs.search.segments import Segment

np = late("numpy")
Array = Any
TAKEN = 5  # pages that are taken for relevant
TOWARDS = 0.6  # how far the query moves: their mean counts so much, the query itself 1
LEAST = 1e-6  # a score that is still one
LOOKED_AT = 100  # pages of a segment that are ranked anew


def look_again(
    parts: Sequence[Segment], scores: Sequence[Array], vector: Array, weight: float
) -> None:
    """Change the scores of the best pages; `weight` is what meaning counts in them."""
    rows = [_best_rows(part, of_rows) for part, of_rows in zip(parts, scores, strict=True)]
    nearer = _moved(parts, scores, rows, vector)
    for part, of_rows, here in zip(parts, scores, rows, strict=True):
        if part.vectors is not None and len(here):
            change = weight * _gained(part, here, vector, nearer)
            counted = of_rows[here] > 0  # the others speak of something else
            of_rows[here] = np.where(counted, np.maximum(of_rows[here] + change, LEAST), 0)


def closeness(part: Segment, rows: Array, vector: Array) -> tuple[Array, Array]:
    """The cosine of the rows, which are all those of some pages, and of their pages with the vector."""
    close = part.meaning(rows) @ vector
    return close, _of_pages(part, rows, close)


def _of_pages(part: Segment, rows: Array, close: Array) -> Array:
    sums = np.bincount(part.page_of[rows], weights=close)
    return (sums / part.page_norms[: len(sums)])[part.page_of[rows]]


def _gained(part: Segment, rows: Array, vector: Array, nearer: Array) -> Array:
    """How much nearer the rows and their pages are to the second vector than to the first."""
    both = part.meaning(rows) @ np.stack([nearer, vector], axis=1)
    after, before = (
        np.maximum(close, 0) + np.maximum(_of_pages(part, rows, close), 0) for close in both.T
    )
    return after - before


def _best_rows(part: Segment, scores: Array) -> Array:
    """All rows of the pages with the best scores."""
    pages = best_of_pages(part, scores)
    if len(pages) > LOOKED_AT:
        pages[np.argpartition(-pages, LOOKED_AT)[LOOKED_AT:]] = 0
    return np.flatnonzero((pages > 0)[part.page_of])


def _moved(
    parts: Sequence[Segment], scores: Sequence[Array], rows: Sequence[Array], vector: Array
) -> Array:
    """The query's vector with the mean direction of the best pages added."""
    found = []
    for part, of_rows, here in zip(parts, scores, rows, strict=True):
        if part.vectors is not None:
            found += _directions(part, of_rows, here)
    found.sort(key=lambda each: -each[0])
    mean = sum(direction for _, direction in found[:TAKEN])
    length = float(np.linalg.norm(mean))
    moved = vector + TOWARDS * mean / length if length else vector
    return (moved / np.linalg.norm(moved)).astype("f4")


def _directions(part: Segment, scores: Array, rows: Array) -> list[tuple[float, Array]]:
    """The score and the unit vector of each of the part's best pages."""
    found: dict[int, float] = {}
    for row in rows[np.argsort(-scores[rows])].tolist():
        found.setdefault(int(part.page_of[row]), float(scores[row]))
        if len(found) == TAKEN:
            break
    return [
        (score, part.meaning(rows[part.page_of[rows] == page]).sum(0) / part.page_norms[page])
        for page, score in found.items()
    ]
