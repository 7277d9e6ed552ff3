"""Several segments become one, without what was struck out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apps.core.late import late
from apps.docs.search.columns import column
from apps.docs.search.nearness import signs
from apps.docs.search.segments import Segment, begins, norms_of_pages
from apps.docs.search.spelling import by_letter

np = late("numpy")
Array = Any


def merged(parts: Sequence[Segment]) -> Segment:
    """One segment of what is alive in the parts, in their order."""
    keep = [part.alive.copy() for part in parts]
    starts, rows, counts = _postings(parts, keep)
    pages = _joined([part.pages for part in parts], keep)
    _, page_of = np.unique(pages, return_inverse=True)
    lengths = _joined([part.lengths for part in parts], keep)
    vectors = _vectors(parts, keep)
    return Segment(
        ids=_joined([part.ids for part in parts], keep),
        pages=pages,
        projects=column(_joined([part.projects.whole() for part in parts], keep)),
        kinds=column(_joined([part.kinds.whole() for part in parts], keep)),
        page_of=page_of.astype("i4"),
        page_begins=begins(page_of),
        lengths=lengths,
        page_lengths=np.bincount(page_of, weights=lengths[:, 2]).astype("f4"),
        alive=np.ones(len(pages), bool),
        starts=starts,
        by_letter=by_letter(starts),
        rows=rows,
        counts=counts,
        vectors=vectors,
        signs=None if vectors is None else signs(vectors),
        page_norms=norms_of_pages(vectors, page_of),
    )


def _vectors(parts: Sequence[Segment], keep: Sequence[Array]) -> Array | None:
    """The vectors of all; zero for a part where nothing has been read yet."""
    width = max((part.vectors.shape[1] for part in parts if part.vectors is not None), default=0)
    if not width:
        return None
    read = [np.zeros((len(p.ids), width), "f2") if p.vectors is None else p.vectors for p in parts]
    return _joined(read, keep)


def _joined(columns: Sequence[Array], keep: Sequence[Array]) -> Array:
    return np.concatenate([column[kept] for column, kept in zip(columns, keep, strict=True)])


def _postings(
    parts: Sequence[Segment], keep: Sequence[Array]
) -> tuple[dict[str, tuple[int, int]], Array, Array]:
    numbers: dict[str, int] = {}
    of_term, rows, counts, before = [], [], [], 0
    for part, kept in zip(parts, keep, strict=True):
        spans = np.array(list(part.starts.values()), "i8").reshape(-1, 2)
        named = [numbers.setdefault(term, len(numbers)) for term in part.starts]
        order = np.argsort(spans[:, 0])  # postings stand in the order of their starts
        terms = np.repeat(np.array(named, "i4")[order], (spans[:, 1] - spans[:, 0])[order])
        alive = kept[part.rows]
        moved = (np.cumsum(kept) - 1 + before).astype("i4")
        of_term.append(terms[alive])
        rows.append(moved[part.rows[alive]])
        counts.append(part.counts[alive])
        before += int(kept.sum())
    return _sorted(numbers, np.concatenate(of_term), np.concatenate(rows), np.concatenate(counts))


def _sorted(
    numbers: dict[str, int], of_term: Array, rows: Array, counts: Array
) -> tuple[dict[str, tuple[int, int]], Array, Array]:
    order = np.argsort(of_term, kind="stable")
    bounds = np.searchsorted(of_term[order], np.arange(len(numbers) + 1)).tolist()
    starts = {
        term: (bounds[n], bounds[n + 1]) for term, n in numbers.items() if bounds[n] < bounds[n + 1]
    }
    return starts, rows[order], counts[order]
