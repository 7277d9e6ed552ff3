"""What a column looked like: enough to compare a later window with it, small enough to keep."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

MOST_POINTS = 2000  # quantiles kept of a numeric column
MOST_CATEGORIES = 200  # the rest is counted together
OTHER = "\x00other"


class Type(StrEnum):
    """How a column is compared."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    TEXT = "text"
    VECTOR = "vector"
    TIME = "time"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean, sum of squared deviations and range of a column's finite numbers."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def merged(self, other: Self) -> Self:
        """Of both together (Chan, Golub and LeVeque 1983)."""
        if not self.count or not other.count:
            return self if self.count else other
        count, apart = self.count + other.count, other.mean - self.mean
        mean = self.mean + apart * other.count / count
        squares = self.squares + other.squares + apart**2 * self.count * other.count / count
        low, high = min(self.low, other.low), max(self.high, other.high)
        return type(self)(count, mean, squares, low, high)


@dataclass(frozen=True, slots=True)
class Profile:
    """One column of one window: ascending quantiles in `points`, or categories in `counts`.

    `rows`, `missing`, `infinite`, `moments` and `counts` are of every row; `points` of the sample
    of rows that is kept. `heights` counts the sample on the baseline's `edges`, for pictures.
    """

    name: str
    type: Type
    rows: int
    missing: int
    points: list[float] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    infinite: int = 0
    moments: Moments = field(default_factory=Moments)
    edges: list[float] = field(default_factory=list)
    heights: list[int] = field(default_factory=list)

    @property
    def present(self) -> int:
        return self.rows - self.missing

    def packed(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of(cls, packed: dict[str, Any]) -> Self:
        """From JSON, of this or an earlier form."""
        moments = Moments(**packed.get("moments", {}))
        return cls(**{**packed, "type": Type(packed["type"]), "moments": moments})
