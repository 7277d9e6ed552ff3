"""The kinds of gates. Rooms to the right register their own: drift, runbook, budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from apps.core.errors import Invalid
from apps.models.models import ModelVersion


class Settings(BaseModel):
    """What one gate of a kind is set to."""

    model_config = ConfigDict(extra="forbid")


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a gate says about a version, in one sentence, with what it looked at."""

    passed: bool
    sentence: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """One kind of gate: its settings and its check."""

    name: str
    title: str
    settings: type[S]
    check: Callable[[ModelVersion, S], Finding]

    def find(self, version: ModelVersion, settings: dict[str, Any]) -> Finding:
        """Check a version under stored settings."""
        return self.check(version, self.settings.model_validate(settings))


KINDS: dict[str, Kind[Any]] = {}


def register(kind: Kind[Any]) -> None:
    """Offer a kind of gate."""
    if kind.name in KINDS:
        raise ValueError(f"two kinds of gates are called {kind.name}")
    KINDS[kind.name] = kind


def checked(kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings as they are stored; `Invalid` names what cannot be used."""
    if kind not in KINDS:
        raise Invalid(field="kind", reason=f"one of {', '.join(sorted(KINDS))}")
    try:
        stored: dict[str, Any] = (
            KINDS[kind].settings.model_validate(settings).model_dump(mode="json")
        )
        return stored
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(["settings", *(str(part) for part in first["loc"])])
        raise Invalid(field=where, reason=first["msg"]) from error


class MetricFloor(Settings):
    """A metric of the version's run must be at least this high."""

    metric: str = Field(min_length=1, max_length=250)
    floor: FiniteFloat


def metric_floor(version: ModelVersion, settings: MetricFloor) -> Finding:
    """Compare the last value that the version's run logged."""
    evidence: dict[str, Any] = {"metric": settings.metric, "floor": settings.floor}
    if version.run is None:
        return Finding(False, "The version names no run, so it has no metrics.", evidence)
    value = version.run.metrics.get(settings.metric)
    evidence |= {"run": version.run.pk, "value": value}
    if value is None:
        return Finding(False, f"Its run logged no metric {settings.metric}.", evidence)
    if isinstance(value, str):
        return Finding(False, f"{settings.metric} is {value}, which is no finite number.", evidence)
    passed = value >= settings.floor
    relation = "at least" if passed else "below"
    sentence = f"{settings.metric} is {value:.6g}, {relation} the floor of {settings.floor:.6g}."
    return Finding(passed, sentence, evidence)


register(Kind("metric_floor", "Metric floor", MetricFloor, metric_floor))
