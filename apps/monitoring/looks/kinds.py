"""Every kind of look, and the way from a monitor to its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from apps.core.errors import Invalid
from apps.monitoring.errors import NotOnDemand
from apps.monitoring.looks import KINDS, Kind, Seen, Settings
from apps.monitoring.looks import drift as drift
from apps.monitoring.looks import estimated as estimated
from apps.monitoring.looks import fairness as fairness
from apps.monitoring.looks import labels as labels
from apps.monitoring.looks import metric as metric
from apps.monitoring.looks import performance as performance
from apps.monitoring.looks import quality as quality
from apps.monitoring.looks import serving as serving
from apps.monitoring.looks import staleness as staleness
from apps.monitoring.looks import traffic as traffic
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Monitor


def of(kind: str) -> Kind:
    """The kind of this name; `NotOnDemand` for one that the portal itself looks at."""
    if kind not in KINDS:
        raise NotOnDemand(name=kind)
    return KINDS[kind]


def checked(kind: str, given: Mapping[str, Any]) -> Settings:
    """The settings of this kind; `Invalid` names the one that does not fit."""
    try:
        return of(kind).settings.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        reason = f"{name or kind}: {first['msg'].removeprefix('Value error, ')}"
        raise Invalid(field="settings", reason=reason) from error


def settings_of(monitor: Monitor) -> Settings:
    """The monitor's settings, with the defaults of what is not set."""
    return checked(monitor.kind, monitor.settings)


def look(monitor: Monitor, reading: Reading) -> Seen | None:
    """Let the monitor look; a `PortalError` says why it cannot."""
    return of(monitor.kind).look(monitor, settings_of(monitor), reading)


def reading(monitors: Sequence[Monitor], at: datetime) -> Reading:
    """What these monitors of one deployment read, each part once for all."""
    known = [(monitor, wanted) for monitor in monitors if (wanted := _wanted(monitor)) is not None]
    return Reading(
        monitors[0].deployment,
        at,
        most=max((monitor.window_rows + wanted.more_rows for monitor, wanted in known), default=0),
        reach=max((wanted.reach for _, wanted in known if wanted.reach), default=None),
    )


def _wanted(monitor: Monitor) -> Settings | None:
    """None for settings that an older version stored and this one refuses: the look itself says so."""
    try:
        return of(monitor.kind).settings.model_validate(monitor.settings)
    except ValidationError:
        return None
