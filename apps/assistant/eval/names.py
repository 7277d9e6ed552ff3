"""Names and values drawn by a seed, so that no question can be known before its workspace is made."""

from __future__ import annotations

import random

_HEAD = (
    "bra", "cel", "dor", "fen", "gal", "hul", "jor", "kel", "lum", "mor", "nav", "pel", "ruk", "sol", "tav", "vex",
    "wil", "zan",
)  # fmt: skip
_TAIL = ("bek", "dan", "far", "gim", "lon", "mir", "nok", "pas", "rin", "sut", "tok", "vel")


class Dice:
    """One seed's draws; no name comes twice."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(f"assistant-{seed}")  # noqa: S311  names, not secrets
        self._taken: set[str] = set()

    def name(self) -> str:
        """A word that exists nowhere else."""
        while True:
            parts = [self.random.choice(_HEAD), self.random.choice(_TAIL)]
            word = "".join([*parts, self.random.choice(_TAIL)])
            if word not in self._taken:
                self._taken.add(word)
                return word

    def figure(self) -> float:
        """A metric between one half and one, four digits after the point."""
        return round(self.random.uniform(0.5, 0.99), 4)

    def number(self, low: int, high: int) -> int:
        return self.random.randint(low, high)
