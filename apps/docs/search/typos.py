"""Words that nobody wrote, read as the nearest ones that stand in what the person may see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from apps.core.late import late
from apps.docs.search.segments import Segment

np = late("numpy")
Array = Any
SHORTEST = 4  # letters: a shorter word has too many neighbours
MOST_ENDINGS = 12
FEW = 32  # passages
LESS = 0.8  # how much a word counts that was read instead of another


def mended(
    parts: Sequence[Segment],
    visible: Sequence[Array],
    asked: dict[str, float],
    *,
    as_typed: bool = False,
) -> tuple[dict[str, float], dict[str, str]]:
    """The terms with unknown ones replaced, and what was read for what.

    With `as_typed`, the last term also stands for what it begins.
    """
    found: dict[str, float] = {}
    instead: dict[str, str] = {}
    last = next(reversed(asked), "") if as_typed else ""
    for term, weight in asked.items():
        found[term] = weight
        if term == last:
            found.update(dict.fromkeys(_endings(parts, visible, term), LESS * weight))
        elif nearest := _instead(parts, visible, term):
            instead[term] = nearest
            del found[term]
            found[nearest] = LESS * weight
    return found, instead


def _instead(parts: Sequence[Segment], visible: Sequence[Array], term: str) -> str:
    if len(term) < SHORTEST or _is_there(parts, visible, term):
        return ""
    return _nearest(parts, visible, term)


def _is_there(parts: Sequence[Segment], visible: Sequence[Array], term: str) -> bool:
    """Whether the term stands in a visible passage; of a common one the first passages tell."""
    held = [(seen, part.postings(term)[0]) for part, seen in zip(parts, visible, strict=True)]
    few = any(seen[rows[:FEW]].any() for seen, rows in held)
    return few or any(seen[rows[FEW:]].any() for seen, rows in held)


def _stands(parts: Sequence[Segment], visible: Sequence[Array], term: str) -> int:
    """In how many visible passages the term stands."""
    pairs = zip(parts, visible, strict=True)
    return sum(int(np.count_nonzero(seen[part.postings(term)[0]])) for part, seen in pairs)


def _endings(parts: Sequence[Segment], visible: Sequence[Array], begin: str) -> list[str]:
    if len(begin) < 2:
        return []
    fit = {term for part in parts for term in part.starts if term.startswith(begin)} - {begin}
    common = sorted(fit, key=lambda term: (len(term), term))[: 4 * MOST_ENDINGS]
    return [term for term in common if _stands(parts, visible, term)][:MOST_ENDINGS]


def _nearest(parts: Sequence[Segment], visible: Sequence[Array], term: str) -> str:
    """The visible term fewest edits away: one edit, two for words of eight letters and more."""
    most = 2 if len(term) >= 8 else 1
    near = [(distance, other) for other, distance in _near(parts, term, most)]
    standing = [(d, -_stands(parts, visible, other), other) for d, other in sorted(near)[:50]]
    return min((each for each in standing if each[1]), default=(0, 0, ""))[2]


def _near(parts: Sequence[Segment], term: str, most: int) -> Iterator[tuple[str, int]]:
    # The first letter is seldom wrong, or swapped with the second.
    alike = {
        other
        for part in parts
        for letter in {term[0], term[1]} & part.by_letter.keys()
        for other in part.by_letter[letter].near(term, most)
    }
    for other in alike:
        if (distance := edits(term, other, most)) <= most:
            yield other, distance


def edits(one: str, other: str, most: int) -> int:
    """How many letters to put in, leave out, change or swap; `most + 1` where it is more.

    Damerau, "A technique for computer detection and correction of spelling errors", 1964 (the restricted form).
    """
    older: list[int] = []
    old = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        new = [row]
        for column, against in enumerate(other, 1):
            best = min(old[column] + 1, new[-1] + 1, old[column - 1] + (letter != against))
            if older and column > 1 and letter == other[column - 2] and one[row - 2] == against:
                best = min(best, older[column - 2] + 1)
            new.append(best)
        if min(new) > most:
            return most + 1
        older, old = old, new
    return min(old[-1], most + 1)
