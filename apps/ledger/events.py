from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sealed:
    """Entries got their positions; readers have something to read."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ChainBroken:
    """A verification found that the ledger is not what it was."""

    position: int
    sentence: str
