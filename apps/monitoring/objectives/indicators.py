"""What one may measure an objective by, and what counts as good."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from apps.core.errors import Invalid
from apps.monitoring.models import Monitor, Slo

Indicator = Slo.Indicator


class Settings(BaseModel):
    """What one may set about an indicator."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Availability(Settings):
    """Good: an answer below 500. All: every request that clients made."""


class Latency(Settings):
    """Good: an answer within the time. All: every answer to a client."""

    under_ms: float = Field(gt=0, le=60_000)


class Quality(Settings):
    """Good: a measurement within the bounds. All: every measurement."""

    at_least: float | None = None
    at_most: float | None = None
    part: str = Field(default="", max_length=200, pattern=r"^[^\x00]*$")

    @model_validator(mode="after")
    def _bounded(self) -> Quality:
        if self.at_least is None and self.at_most is None:
            raise ValueError("name at_least, at_most, or both")
        return self


class Lasting(Settings):
    """Good: a measurement of at most so many seconds. All: every measurement."""

    at_most: float = Field(gt=0)
    part: str = Field(default="", max_length=200, pattern=r"^[^\x00]*$")


SETTINGS: dict[str, type[Settings]] = {
    Indicator.AVAILABILITY: Availability,
    Indicator.LATENCY: Latency,
    Indicator.QUALITY: Quality,
    Indicator.FRESHNESS: Lasting,
    Indicator.LABEL_LAG: Lasting,
}
OF_REQUESTS = frozenset({Indicator.AVAILABILITY, Indicator.LATENCY})
# Kinds of monitors whose series an indicator may be read from; empty: any.
KINDS: dict[str, frozenset[str]] = {
    Indicator.FRESHNESS: frozenset({Monitor.Kind.STALENESS, Monitor.Kind.METRIC}),
    Indicator.LABEL_LAG: frozenset({Monitor.Kind.LABELS, Monitor.Kind.METRIC}),
}


def checked(indicator: str, given: dict[str, Any]) -> Settings:
    """The settings of an indicator, or `Invalid` that names the field."""
    try:
        return SETTINGS[indicator].model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "settings"
        said = first["msg"].removeprefix("Value error, ")
        raise Invalid(field=place, reason=f"{said}.") from error


def within(settings: Quality | Lasting, value: float) -> bool:
    """Whether a measurement is good."""
    low = settings.at_least if isinstance(settings, Quality) else None
    return (low is None or value >= low) and (settings.at_most is None or value <= settings.at_most)


def formula(slo: Slo) -> str:
    """What counts as good of what, in words."""
    given = checked(slo.indicator, slo.settings)
    if isinstance(given, Availability):
        return "requests answered below 500 ÷ all requests of clients"
    if isinstance(given, Latency):
        return f"answers within {given.under_ms:g} ms ÷ all answers to clients"
    name = slo.monitor.name if slo.monitor else "the monitor"
    return f"measurements of “{name}” {_bounds(given)} ÷ all its measurements"


def _bounds(given: Settings) -> str:
    if isinstance(given, Lasting):
        return f"of at most {given.at_most:g} s"
    assert isinstance(given, Quality)
    low = f"of at least {given.at_least:g}" if given.at_least is not None else ""
    high = f"of at most {given.at_most:g}" if given.at_most is not None else ""
    return " and ".join(part for part in (low, high) if part)
