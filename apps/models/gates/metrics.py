"""Gates over what the version's own run logged: a floor, a ceiling, a floor on every slice."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import Field, FiniteFloat

from apps.core.http import TooLarge
from apps.models import artifacts
from apps.models.gates.kinds import Candidate, Finding, Kind, Settings, register

LARGEST = 2_000_000  # bytes of a file of metrics by slice
MOST_SLICES = 1_000
MetricName = str


class MetricFloor(Settings):
    """A metric that is better when higher must reach a value."""

    metric: MetricName = Field(
        min_length=1, max_length=250, description="As the run logs it; higher is better."
    )
    floor: FiniteFloat = Field(description="A version's run must reach this value.")

    def said(self) -> str:
        return f"{self.metric} at least {self.floor:g}"


class MetricCeiling(Settings):
    """A metric that is better when lower, a loss or a latency, must stay below a value."""

    metric: MetricName = Field(
        min_length=1, max_length=250, description="As the run logs it; lower is better."
    )
    ceiling: FiniteFloat = Field(description="A version's run must not exceed this value.")

    def said(self) -> str:
        return f"{self.metric} at most {self.ceiling:g}"


class SliceFloor(Settings):
    """A metric must reach its bound on every slice of the data, not only on the whole."""

    metric: MetricName = Field(min_length=1, max_length=250, description="The metric by slice.")
    bound: FiniteFloat = Field(description="What every slice must reach.")
    better: Literal["higher", "lower"] = Field(
        default="higher", description="Which direction is better."
    )
    artifact: str = Field(
        default="",
        max_length=500,
        description='A JSON file of the run, {"slice": {"metric": value}}; '
        "empty: metrics named accuracy/slice/north.",
    )
    slices: list[str] = Field(
        default_factory=list, max_length=200, description="Slices that must be there."
    )

    def said(self) -> str:
        word = "at least" if self.better == "higher" else "at most"
        return f"{self.metric} {word} {self.bound:g} on every slice"


def metric_floor(candidate: Candidate, settings: MetricFloor) -> Finding:
    """Compare the last value that the version's run logged with the floor."""
    evidence = {"metric": settings.metric, "floor": settings.floor}
    value, trouble = last_value(candidate, settings.metric, evidence)
    if value is None:
        return Finding(False, trouble, evidence)
    passed = value >= settings.floor
    relation = "at least" if passed else "below"
    sentence = f"{settings.metric} is {value:.6g}, {relation} the floor of {settings.floor:.6g}."
    return Finding(passed, sentence, evidence)


def metric_ceiling(candidate: Candidate, settings: MetricCeiling) -> Finding:
    """Compare the last value that the version's run logged with the ceiling."""
    evidence = {"metric": settings.metric, "ceiling": settings.ceiling}
    value, trouble = last_value(candidate, settings.metric, evidence)
    if value is None:
        return Finding(False, trouble, evidence)
    passed = value <= settings.ceiling
    relation = "at most" if passed else "above"
    sentence = (
        f"{settings.metric} is {value:.6g}, {relation} the ceiling of {settings.ceiling:.6g}."
    )
    return Finding(passed, sentence, evidence)


def last_value(
    candidate: Candidate, metric: str, evidence: dict[str, Any]
) -> tuple[float | None, str]:
    """The value, or what is wrong with it; what was looked at is added to the evidence."""
    run = candidate.version.run
    if run is None:
        return None, "The version names no run, so it has no metrics."
    value = run.metrics.get(metric)
    evidence |= {"run": run.pk, "value": value}
    if value is None:
        return None, f"Its run logged no metric {metric}."
    if isinstance(value, str):
        return None, f"{metric} is {value}, which is no finite number."
    return float(value), ""


def slice_floor(candidate: Candidate, settings: SliceFloor) -> Finding:
    """Compare every slice with the bound; a slice that is named and missing does not pass."""
    evidence: dict[str, Any] = settings.model_dump()
    if candidate.version.run is None:
        return Finding(False, "The version names no run, so it has no metrics.", evidence)
    found = (
        _from_file(candidate, settings) if settings.artifact else _from_metrics(candidate, settings)
    )
    if isinstance(found, str):
        return Finding(False, found, evidence)
    evidence["values"] = dict(sorted(found.items())[:MOST_SLICES])
    missing = [name for name in settings.slices if name not in found]
    if missing or not found:
        lack = f"on the slice {missing[0]}" if missing else "on any slice"
        return Finding(False, f"{settings.metric} is not known {lack}.", evidence)
    return _worst(found, settings, evidence)


def _worst(found: dict[str, float], settings: SliceFloor, evidence: dict[str, Any]) -> Finding:
    up = settings.better == "higher"
    name = min(found, key=lambda each: found[each] if up else -found[each])
    failing = [
        each
        for each, value in found.items()
        if (value < settings.bound if up else value > settings.bound)
    ]
    evidence |= {"worst": name, "failing": sorted(failing)[:MOST_SLICES]}
    said = f"worst on {name[:80]}: {found[name]:.6g} against {settings.bound:.6g}"
    count = f"{len(failing)} of {len(found)}" if failing else f"all {len(found)}"
    verb = "do not reach" if failing else "reach"
    return Finding(not failing, f"{count} slices {verb} their {settings.metric}; {said}.", evidence)


def _from_metrics(candidate: Candidate, settings: SliceFloor) -> dict[str, float]:
    """Metrics named `accuracy/slice/north`; `accuracy[slice=north]` where a client could log that."""
    metric = re.escape(settings.metric)
    named = re.compile(rf"{metric}(?:\[slice=(.+)\]|/slice/(.+))")
    found = ((named.fullmatch(name), value) for name, value in candidate.metrics.items())
    return {
        match[1] or match[2]: float(value)
        for match, value in found
        if match and not isinstance(value, str)
    }


def _from_file(candidate: Candidate, settings: SliceFloor) -> dict[str, float] | str:
    told = read_json(candidate, settings.artifact)
    if isinstance(told, str):
        return told
    if not isinstance(told, dict):
        return f"{settings.artifact} is not an object of slices."
    return {
        str(name): float(values[settings.metric])
        for name, values in told.items()
        if isinstance(values, dict) and _is_number(values.get(settings.metric))
    }


def read_json(candidate: Candidate, path: str, most: int = LARGEST) -> Any:
    """What a JSON file of the run holds; a sentence where it cannot be read."""
    try:
        content = artifacts.read(candidate.version, path, most=most)
    except TooLarge:
        return f"{path} of its run is larger than {most} bytes."
    if content is None:
        return f"Its run has no file {path}."
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return f"{path} of its run is not JSON."


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


register(
    Kind(
        "metric_floor",
        "Metric floor",
        "A metric of the version's run reaches a value.",
        MetricFloor,
        metric_floor,
    )
)
register(
    Kind(
        "metric_ceiling",
        "Metric ceiling",
        "A loss, an error or a latency of the version's run stays at or below a value.",
        MetricCeiling,
        metric_ceiling,
    )
)
register(
    Kind(
        "slice_floor",
        "Slice floors",
        "A metric reaches its bound on every slice of the data.",
        SliceFloor,
        slice_floor,
    )
)
