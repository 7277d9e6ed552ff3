"""Which terms may be a few edits from another, told by their lengths and letters without comparing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from apps.core.late import late
from apps.docs.search.tokens import LONGEST

np = late("numpy")
Array = Any


@dataclass(frozen=True, slots=True)
class Spelled:
    """Terms, how long each is, and which letters it has: one bit each, some shared."""

    terms: list[str]
    lengths: Array
    letters: Array

    def near(self, term: str, most: int) -> Iterator[str]:
        """The terms that so many edits could make of this one: each edit changes at most two of the letters."""
        asked = _spelled([term])
        differing = np.bitwise_count(self.letters ^ asked.letters)
        apart = np.abs(self.lengths - asked.lengths)
        for number in np.flatnonzero((differing <= 2 * most) & (apart <= most)).tolist():
            yield self.terms[number]


def by_letter(terms: Iterable[str]) -> dict[str, Spelled]:
    """The terms by their first letter."""
    found: dict[str, list[str]] = {}
    for term in terms:
        found.setdefault(term[:1], []).append(term)
    return {letter: _spelled(some) for letter, some in found.items()}


def _spelled(terms: list[str]) -> Spelled:
    written = np.array(terms, f"U{LONGEST}").view("u4").reshape(len(terms), -1)
    bits = np.where(written > 0, np.uint64(1) << (written % 64).astype("u8"), np.uint64(0))
    lengths = np.count_nonzero(written, axis=1)
    return Spelled(terms, lengths, np.bitwise_or.reduce(bits, axis=1))
