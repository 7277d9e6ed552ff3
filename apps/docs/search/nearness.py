"""Which pages are worth comparing by meaning: those that say the words, and those whose vectors point alike.

The signs of a vector's numbers, a bit each, tell about how near it is: as many bits differ as the angle is wide
(Charikar, "Similarity estimation techniques from rounding algorithms", 2002). They take a sixteenth of the memory of
the vectors, so that all of them are read for each query, and the vectors only of the pages that are left.
"""

from __future__ import annotations

from typing import Any

from apps.core.late import late

np = late("numpy")
Array = Any
WORDED = 200  # pages of a segment, the best by their words
ALIKE = 400  # passages of a segment, the most alike by their signs


def signs(vectors: Array) -> Array:
    """For each vector the signs of its numbers, 64 in one word."""
    packed = np.packbits(vectors > 0, axis=1)
    return np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8))).view("u8")


def best_of_pages(part: Any, scores: Array) -> Array:
    """For each page of the segment, the best score of its rows, which stand together."""
    pages = np.zeros(len(part.page_norms), "f4")
    if len(scores):
        at = part.page_begins
        pages[part.page_of[at]] = np.maximum.reduceat(scores, at)
    return pages


def worth_comparing(part: Any, seen: Array, scores: Array, vector: Array) -> Array:
    """All rows of the pages that are best by their words, among them `scores`, or alike in their signs."""
    pages = best_of_pages(part, np.where(seen, scores, 0))
    if len(pages) > WORDED:
        pages[np.argpartition(-pages, WORDED)[WORDED:]] = 0
    chosen = pages > 0
    chosen[part.page_of[_alike(part, seen, vector)]] = True
    return np.flatnonzero(chosen[part.page_of])


def _alike(part: Any, seen: Array, vector: Array) -> Array:
    """The visible rows with the fewest signs that differ."""
    differing = np.bitwise_count(part.signs ^ signs(vector[None, :])).sum(1, dtype="i4")
    rows = np.flatnonzero(seen)
    if len(rows) <= ALIKE:
        return rows
    return rows[np.argpartition(differing[rows], ALIKE)[:ALIKE]]
