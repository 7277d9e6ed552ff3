"""The pages that answer best, from the index in memory, among what somebody may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.core.late import late
from apps.docs.search import feedback, lexical, meaning, routing, typos
from apps.docs.search.nearness import worth_comparing
from apps.docs.search.routing import Route
from apps.docs.search.segments import Segment, begins

np = late("numpy")
Array = Any
NEAR = 0.3  # a cosine from which a page without any of the words is worth showing


@dataclass(frozen=True, slots=True)
class Within:
    """Where to look: the projects that the person may see; with `pages` or `kinds`, only those."""

    projects: Collection[int]
    pages: Collection[int] | None = None
    kinds: Collection[str] = ()
    as_typed: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The terms with their weights and how rare each is, how signs are added, and the query's vector."""

    terms: Mapping[str, float]
    rare: Mapping[str, float]
    way: Route
    vector: Array | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A page and its best passage. `score` is 0 to 1."""

    page: int
    passage: int
    score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best pages, how many there are by kind and project, and how the words were read."""

    best: list[Ranked]
    by_kind: dict[str, int]
    by_project: dict[int, int]
    mended: dict[str, str]
    semantic: bool


def ranking(parts: Sequence[Segment], words: str, within: Within, most: int) -> Ranking:
    """The best pages for the words, best first."""
    visible = [_visible(part, within) for part in parts]
    asked = routing.weighed(words)
    way = routing.route(words, asked)
    asked, mended = typos.mended(parts, visible, asked, as_typed=within.as_typed)
    asked = routing.widened(asked, way)
    rare = lexical.rarity(parts, visible, list(asked))
    vector = None if within.as_typed else _vector(parts, words)
    sought = Asked(asked, rare, way, vector)
    best: list[Ranked] = []
    kinds: Counter[str] = Counter()
    projects: Counter[int] = Counter()
    sums = [_sum(part, seen, sought) for part, seen in zip(parts, visible, strict=True)]
    if vector is not None:
        share = way.meaning / way.most(semantic=True)
        feedback.look_again(parts, [scores for scores, _ in sums], vector, share)
    for part, (scores, matched) in zip(parts, sums, strict=True):
        best += _best(part, scores, matched, most)
        rows = _page_rows(part, matched)
        kinds.update(part.kinds.counted(rows))
        projects.update(part.projects.counted(rows))
    best.sort(key=lambda each: (-each.score, each.page))
    return Ranking(best[:most], kinds, projects, mended, vector is not None)


def _visible(part: Segment, within: Within) -> Array:
    seen = part.alive & part.projects.among(within.projects)
    if within.pages is not None:
        seen &= np.isin(part.pages, np.array(sorted(within.pages), "i8"))
    if within.kinds:
        seen &= part.kinds.among(within.kinds)
    return seen


def _vector(parts: Sequence[Segment], words: str) -> Array | None:
    if all(part.vectors is None for part in parts):
        return None
    return meaning.asked(words)


def _sum(part: Segment, seen: Array, asked: Asked) -> tuple[Array, Array]:
    """For each row, what speaks for it and its page, 0 to 1; and whether any of the words stand in it."""
    way, vector = asked.way, asked.vector
    found = lexical.scores(part, seen, asked.terms, asked.rare, way.how)
    total = way.row * found.rows + way.asked * found.titles + way.titled * found.titled
    total += way.page * found.pages
    matched = seen & (found.rows > 0)
    speaking = matched
    if vector is not None and part.vectors is not None:
        rows = worth_comparing(part, seen, total, vector)
        close, of_page = feedback.closeness(part, rows, vector)
        total[rows] += way.meaning * (np.maximum(close, 0) + np.maximum(of_page, 0))
        speaking = matched.copy()
        speaking[rows[close >= NEAR]] = True
    total[~(speaking & seen)] = 0
    return total / way.most(vector is not None), matched


def _best(part: Segment, scores: Array, matched: Array, most: int) -> list[Ranked]:
    """The best passage of each of the best pages."""
    if not len(scores):
        return []
    starts = part.page_begins
    of_page = np.maximum.reduceat(scores, starts)
    count = min(most, len(of_page))
    pages = np.argpartition(-of_page, count - 1)[:count]
    ends = np.r_[starts[1:], len(scores)]
    found = []
    for page in pages[of_page[pages] > 0]:
        row = starts[page] + np.argmax(scores[starts[page] : ends[page]])
        found.append(Ranked(int(part.pages[row]), int(part.ids[row]), float(scores[row])))
    return found


def _page_rows(part: Segment, matched: Array) -> Array:
    """One row of each page that has any of the words."""
    rows = np.flatnonzero(matched)
    return rows[begins(part.page_of[rows])]
