"""A model that goes round in circles says nothing new; it is noticed by the end of its text."""

from __future__ import annotations

import re

LOOKED_AT = 1_200  # characters
LONGEST_ROUND = 60  # words
FEWEST_WORDS = 12
_STUTTER = re.compile(r"(\S{1,20}?)\1{19,}\s*$")


def repeats(text: str) -> bool:
    """Whether the text ends in the same words four times over, or in one word or sign again and again."""
    end = text[-LOOKED_AT:]
    words = end.lower().split()
    return bool(_STUTTER.search(end)) or any(
        _goes_round(words, length) for length in range(1, LONGEST_ROUND + 1)
    )


def _goes_round(words: list[str], length: int) -> bool:
    rounds = max(4, -(-FEWEST_WORDS // length))
    if len(words) < rounds * length:
        return False
    last = words[-length:]
    return all(
        words[len(words) - (n + 1) * length : len(words) - n * length] == last
        for n in range(1, rounds)
    )
