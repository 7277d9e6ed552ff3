"""A second look by meaning: the query moves towards the pages that answer best, and the best are ranked anew.

Rocchio, "Relevance feedback in information retrieval", 1971, with the best pages taken for relevant. What a question
leaves unsaid, they say; only pages that the person may see are among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apps.core.late import late
from apps.docs.search.segments import Segment

np = late("numpy")
Array = Any
TAKEN = 5  # pages that are taken for relevant
TOWARDS = 0.6  # how far the query moves: their mean counts so much, the query itself 1
LEAST = 1e-6  # a score that is still one
LOOKED_AT = 200  # pages of a segment that are ranked anew


def look_again(
    parts: Sequence[Segment], scores: Sequence[Array], vector: Array, weight: float
) -> None:
    """Change the scores of the best pages; `weight` is what meaning counts in them."""
    rows = [_best_rows(part, of_rows) for part, of_rows in zip(parts, scores, strict=True)]
    nearer = _moved(parts, scores, rows, vector)
    for part, of_rows, here in zip(parts, scores, rows, strict=True):
        if part.vectors is not None and len(here):
            change = weight * (meant(part, here, nearer) - meant(part, here, vector))
            counted = of_rows[here] > 0  # the others speak of something else
            of_rows[here] = np.where(counted, np.maximum(of_rows[here] + change, LEAST), 0)


def meant(part: Segment, rows: Array, vector: Array) -> Array:
    """How near the rows, which are all those of some pages, and their pages are to the vector: 0 to 2."""
    close = part.vectors[rows] @ vector
    _, page = np.unique(part.page_of[rows], return_inverse=True)
    of_page = np.bincount(page, weights=close)[page] / part.page_norms[part.page_of[rows]]
    return np.maximum(close, 0) + np.maximum(of_page, 0)


def _best_rows(part: Segment, scores: Array) -> Array:
    """All rows of the pages with the best scores."""
    pages = np.zeros(len(part.page_norms), "f4")
    np.maximum.at(pages, part.page_of, scores.astype("f4"))
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
        (score, part.vectors[part.page_of == page].sum(0) / part.page_norms[page])
        for page, score in found.items()
    ]
