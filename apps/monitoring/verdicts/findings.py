"""What a comparison found: plain records, as the command, the API and the pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.monitoring.levels import Level
from apps.monitoring.profiling.profiles import Type


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `effect` and `interval` are distances from 0 to 1; `p_value` is adjusted."""

    name: str
    type: Type
    level: Level
    effect: float
    interval: tuple[float, float]
    p_value: float
    method: str
    reason: str = ""
    measure: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the command prints it; "too few" is a reason to ignore."""
        return {
            "name": self.name,
            "type": self.type.value,
            "verdict": _word(self.level),
            "effect": self.effect,
            "interval": list(self.interval),
            "p_value": self.p_value,
            "method": self.method,
            "measure": self.measure,
            "too_few": self.level == Level.TOO_FEW,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Joint:
    """Relations between columns, or to the target: `effect` in standard deviations."""

    level: Level
    p_value: float
    effect: float
    method: str
    columns: tuple[str, ...]
    reason: str

    def as_json(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "verdict": _word(self.level),
            "p_value": self.p_value,
            "effect": self.effect,
            "method": self.method,
            "columns": list(self.columns),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """`drift`: a change is established at the report's rate, however small it is.

    `rows` are the reference's and the window's; `lost` are columns that only one of them has.
    """

    drift: bool
    p_value: float
    columns: tuple[Column, ...]
    joint: Joint
    concept: Joint | None
    rows: tuple[int, int]
    lost: tuple[str, ...] = ()

    @property
    def level(self) -> Level:
        """What the whole report says to do."""
        found = {each.level for each in self.columns} | {self.joint.level}
        found |= {self.concept.level} if self.concept else set()
        for level in (Level.ACT, Level.WATCH, Level.IGNORE):
            if level in found:
                return level
        return Level.TOO_FEW

    def as_json(self) -> dict[str, Any]:
        """As the command prints it."""
        concept = self.concept.as_json() if self.concept else None
        return {
            "drift": self.drift,
            "p_value": self.p_value,
            "columns": [each.as_json() for each in self.columns],
            "joint": {**self.joint.as_json(), "concept": concept},
            "rows": {"reference": self.rows[0], "current": self.rows[1]},
            "only_in_one_file": list(self.lost),
        }


def _word(level: Level) -> str:
    return "ignore" if level == Level.TOO_FEW else level.value
