"""What to do about what a look saw."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """What to do about a column, or about a whole look."""

    ACT = "act"
    WATCH = "watch"
    IGNORE = "ignore"
    TOO_FEW = "too_few"
