"""Which kind of thing went wrong: it decides which changes can have caused it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from apps.monitoring.models import Alert, Monitor


class Breach(StrEnum):
    """What an alert tells of."""

    INPUTS = "inputs"  # what callers send
    OUTPUTS = "outputs"  # what the model answers, and how well
    SERVING = "serving"  # how it is served: latency, errors, memory
    VOLUME = "volume"  # how much is asked
    LABELS = "labels"  # whether the truth comes
    STALE = "stale"
    STATE = "state"  # something else runs than is wanted
    UNKNOWN = "unknown"


KINDS: dict[str, Breach] = {
    Monitor.Kind.INPUT_DRIFT: Breach.INPUTS,
    Monitor.Kind.DATA_QUALITY: Breach.INPUTS,
    Monitor.Kind.PREDICTION_DRIFT: Breach.OUTPUTS,
    Monitor.Kind.PERFORMANCE: Breach.OUTPUTS,
    Monitor.Kind.ESTIMATED: Breach.OUTPUTS,
    Monitor.Kind.FAIRNESS: Breach.OUTPUTS,
    Monitor.Kind.LATENCY: Breach.SERVING,
    Monitor.Kind.ERRORS: Breach.SERVING,
    Monitor.Kind.METRIC: Breach.SERVING,
    Monitor.Kind.TRAFFIC: Breach.VOLUME,
    Monitor.Kind.LABELS: Breach.LABELS,
    Monitor.Kind.STALENESS: Breach.STALE,
    Monitor.Kind.DESIRED_STATE: Breach.STATE,
}
WORDS = {
    Breach.INPUTS: "what callers send",
    Breach.OUTPUTS: "what the model answers",
    Breach.SERVING: "how it is served",
    Breach.VOLUME: "how much is asked",
    Breach.LABELS: "whether ground truth comes",
    Breach.STALE: "how old it is",
    Breach.STATE: "what runs",
    Breach.UNKNOWN: "something that no monitor told of",
}


def breach_of(alert: Alert | None, group: Sequence[Alert]) -> Breach:
    """What the alert tells of; where it says nothing itself, what its group tells of."""
    for each in (alert, *group):
        if each is None:
            continue
        if each.monitor is not None:
            return KINDS.get(each.monitor.kind, Breach.UNKNOWN)
        if each.slo_id is not None or each.deployment_id is not None:
            return Breach.SERVING
    return Breach.UNKNOWN
