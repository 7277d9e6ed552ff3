"""BM25F over title, heading and text of the passages somebody may see, and of the pages they make.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009. How rare a term is, is counted
among what the person may see; the lengths that counts are measured against are constants, so that nothing tells of
records of others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.core.late import late
from apps.docs.search.segments import Segment, begins

np = late("numpy")
Array = Any


@dataclass(frozen=True, slots=True)
class Weighing:
    """How much the fields count, how soon a repeated term is enough, how much length matters.

    In the order title, heading, text. `usual` is the usual number of terms of a field.
    """

    fields: tuple[float, float, float] = (3.0, 1.5, 1.0)
    enough: float = 1.2
    by_length: tuple[float, float, float] = (0.3, 0.3, 0.6)
    usual: tuple[float, float, float] = (4.0, 3.0, 60.0)
    usual_page: float = 300.0


@dataclass(frozen=True, slots=True)
class Scores:
    """For one segment, how well each row and its page answer, each 0 to 1.

    `titles` is the share of the query in the title, `titled` the share of the title in the query.
    """

    rows: Array
    pages: Array
    titles: Array
    titled: Array


def rarity(
    segments: Sequence[Segment], visible: Sequence[Array], terms: Sequence[str]
) -> dict[str, float]:
    """For each term, its inverse document frequency among the visible passages."""
    whole = sum(int(np.count_nonzero(seen)) for seen in visible)
    found = {}
    for term in terms:
        holding = 0
        for part, seen in zip(segments, visible, strict=True):
            rows, _ = part.postings(term)
            holding += int(np.count_nonzero(seen[rows]))
        found[term] = math.log(1 + (whole - holding + 0.5) / (holding + 0.5))
    return found


def scores(
    part: Segment, seen: Array, asked: Mapping[str, float], rare: Mapping[str, float], how: Weighing
) -> Scores:
    """BM25F of every row and page for the asked terms, each with its weight, as a share of the most possible."""
    rows, titles, titled = (np.zeros(len(part.ids), "f4") for _ in range(3))
    most = sum(weight * rare[term] for term, weight in asked.items()) or 1.0
    pages = np.zeros(len(part.page_lengths), "f4")
    weights = _weights(part, how)
    for term, weight in asked.items():
        at, counts = part.postings(term)
        keep = seen[at]
        if not keep.all():
            at, counts = at[keep], counts[keep]
        if not len(at):
            continue
        worth = np.float32(weight * rare[term] / most)
        counts, each = counts.astype("f4"), weights[at]
        sum_of = np.einsum("ij,ij->i", counts, each)
        rows[at] += worth * sum_of / (how.enough + sum_of)
        named = at[counts[:, 0] > 0]
        titles[named] += worth
        titled[named] += min(1, weight)
        of, together = _of_pages(part, at, counts, each, how)
        pages[of] += worth * together / (how.enough + together)
    titled /= np.maximum(part.lengths[:, 0], 1)
    return Scores(rows, pages[part.page_of], titles, titled)


def _weights(part: Segment, how: Weighing) -> Array:
    """What one occurrence counts in each field of each row; lengths do not change, so that it is kept."""
    if how not in part.weights:
        share, usual = np.array(how.by_length, "f4"), np.array(how.usual, "f4")
        length = 1 - share + share / usual * part.lengths
        part.weights[how] = np.array(how.fields, "f4") / length
    return part.weights[how]


def _of_pages(
    part: Segment, at: Array, counts: Array, weights: Array, how: Weighing
) -> tuple[Array, Array]:
    """The pages that hold the term, and its weighed count over all passages of each."""
    of = part.page_of[at]
    first = begins(of)  # rows of a page stand together
    title = counts[first, 0] * weights[first, 0]
    body = np.add.reduceat(counts @ np.array([0, *how.fields[1:]], "f4"), first)
    of, share = of[first], how.by_length[2]
    return of, title + body / (1 - share + share * part.page_lengths[of] / how.usual_page)
