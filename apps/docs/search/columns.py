"""A column of few different values, kept as their numbers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from apps.core.late import late

np = late("numpy")
Array = Any


@dataclass(frozen=True, slots=True)
class Column:
    """Each row's value is `values[codes[row]]`."""

    values: Array
    codes: Array

    def whole(self) -> Array:
        """The value of every row."""
        return self.values[self.codes]

    def among(self, wanted: Collection[Any]) -> Array:
        """Whether each row has one of these values."""
        return np.array([value in wanted for value in self.values.tolist()], bool)[self.codes]

    def counted(self, rows: Array) -> dict[Any, int]:
        """How many of these rows have each value."""
        counts = np.bincount(self.codes[rows], minlength=len(self.values)).tolist()
        return {value: n for value, n in zip(self.values.tolist(), counts, strict=True) if n}


def column(whole: Array) -> Column:
    """The values of all rows as a column."""
    values, codes = np.unique(whole, return_inverse=True)
    return Column(values, codes.astype("i4"))
