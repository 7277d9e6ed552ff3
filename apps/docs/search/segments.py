"""A part of the index in memory: which passage holds which term how often, and the vectors.

A segment never changes. What is written later makes a new, smaller segment; what it replaces is struck out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.core.late import late
from apps.docs.search.columns import Column, column
from apps.docs.search.nearness import signs
from apps.docs.search.spelling import Spelled, by_letter

np = late("numpy")
Array = Any
MOST_COUNT = 255  # a term that stands more often in one field counts so often


@dataclass(frozen=True, slots=True)
class Piece:
    """One passage to be indexed. `page` is shared by the passages of one page."""

    id: int
    page: int
    project: int
    kind: str
    title: Counter[str]
    heading: Counter[str]
    text: Counter[str]
    vector: bytes | None = None


@dataclass(slots=True)
class Segment:
    """Columns, one row for each passage; postings by term in one pair of arrays.

    `counts` has three columns: how often the term stands in title, heading and text. `vectors` are float16, zero
    where nothing has read the passage yet, and `None` where that is so of all.
    """

    ids: Array
    pages: Array
    projects: Column
    kinds: Column
    page_of: Array
    page_begins: Array
    lengths: Array
    page_lengths: Array
    alive: Array
    starts: dict[str, tuple[int, int]]
    by_letter: dict[str, Spelled]
    rows: Array
    counts: Array
    vectors: Array | None
    signs: Array | None
    page_norms: Array
    weights: dict[Any, Array] = field(default_factory=dict)  # by way of weighing, made when asked

    def postings(self, term: str) -> tuple[Array, Array]:
        """The rows that hold the term, ascending, and its counts there."""
        start, end = self.starts.get(term, (0, 0))
        return self.rows[start:end], self.counts[start:end]

    def meaning(self, rows: Array) -> Array:
        """The vectors of these rows, to calculate with; call it only where the segment has `vectors`."""
        assert self.vectors is not None
        return self.vectors[rows].astype("f4")

    @property
    def bytes(self) -> int:
        """About how much memory the segment takes."""
        columns = [
            self.rows,
            self.counts,
            self.ids,
            self.pages,
            self.lengths,
            self.vectors,
            self.signs,
        ]
        held: int = sum(c.nbytes for c in columns if c is not None)
        return held + 150 * len(self.starts)


def segment(pieces: Sequence[Piece], width: int = 0) -> Segment:
    """The passages as a segment; with `width`, each has a vector of so many numbers, or none."""
    starts, rows, counts = _postings(pieces)
    pages = np.array([piece.page for piece in pieces], "i8")
    _, page_of = np.unique(pages, return_inverse=True)
    lengths = [(piece.title.total(), piece.heading.total(), piece.text.total()) for piece in pieces]
    vectors = _vectors(pieces, width) if width else None
    columns = np.array(lengths, "f4").reshape(-1, 3)
    return Segment(
        ids=np.array([piece.id for piece in pieces], "i8"),
        pages=pages,
        projects=column(np.array([piece.project for piece in pieces], "i8")),
        kinds=column(np.array([piece.kind for piece in pieces], "U16")),
        page_of=page_of.astype("i4"),
        page_begins=begins(page_of),
        lengths=columns,
        page_lengths=np.bincount(page_of, weights=columns[:, 2]).astype("f4"),
        alive=np.ones(len(pieces), bool),
        starts=starts,
        by_letter=by_letter(starts),
        rows=rows,
        counts=counts,
        vectors=vectors,
        signs=None if vectors is None else signs(vectors),
        page_norms=norms_of_pages(vectors, page_of),
    )


def _postings(pieces: Iterable[Piece]) -> tuple[dict[str, tuple[int, int]], Array, Array]:
    numbers: dict[str, int] = {}
    of_term, rows, counts = [], [], []
    for row, piece in enumerate(pieces):
        fields = (piece.title, piece.heading, piece.text)
        for term in {term: None for each in fields for term in each}:
            of_term.append(numbers.setdefault(term, len(numbers)))
            rows.append(row)
            counts.append([min(each[term], MOST_COUNT) for each in fields])
    order = np.argsort(np.array(of_term, "i4"), kind="stable")
    bounds = np.searchsorted(np.array(of_term, "i4")[order], np.arange(len(numbers) + 1))
    starts = {term: (int(bounds[n]), int(bounds[n + 1])) for term, n in numbers.items()}
    packed = np.array(counts, "u1").reshape(-1, 3)[order]
    return starts, np.array(rows, "i4")[order], packed


def begins(page_of: Array) -> Array:
    """Where the rows of each page begin; they stand together."""
    first = np.ones(len(page_of), bool)
    np.not_equal(page_of[1:], page_of[:-1], out=first[1:])
    return np.flatnonzero(first)


def _vectors(pieces: Sequence[Piece], width: int) -> Array | None:
    read = {
        row: p.vector for row, p in enumerate(pieces) if p.vector and len(p.vector) == 2 * width
    }
    if not read:
        return None
    found = np.zeros((len(pieces), width), "f2")
    for row, vector in read.items():
        found[row] = np.frombuffer(vector, "f2")
    return found


def norms_of_pages(vectors: Array | None, page_of: Array) -> Array:
    """The length of the sum of the vectors of each page's passages; 1 where there is none."""
    count = int(page_of.max()) + 1 if len(page_of) else 0
    if vectors is None or not count:
        return np.ones(count, "f4")
    at = begins(page_of)
    norms = np.ones(count, "f4")
    lengths = np.linalg.norm(np.add.reduceat(vectors, at, axis=0, dtype="f4"), axis=1)
    norms[page_of[at]] = np.where(lengths > 0, lengths, 1)
    return norms
