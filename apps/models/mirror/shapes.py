"""From MLflow's JSON to the columns of the mirror."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from apps.models.choices import Lifecycle, RunStatus

Json = dict[str, Any]
Point = tuple[float | str, int, int]

# PostgreSQL stores neither in text.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
FIRST_MOMENT = datetime.fromtimestamp(0, UTC)
LATEST_TIME = 253_402_300_799_000  # the last millisecond a datetime can hold, in whole seconds


def text(value: object, longest: int | None = None) -> str:
    """A string that can be stored."""
    return _UNSTORABLE.sub("\ufffd", "" if value is None else str(value))[:longest]


def moment(milliseconds: object) -> datetime | None:
    """MLflow's time stamp; `None` where there is none, or one that no calendar knows."""
    try:
        value = int(str(milliseconds))
    except ValueError:
        return None
    return datetime.fromtimestamp(value / 1000, UTC) if 0 < value <= LATEST_TIME else None


def number(value: object) -> float | str:
    """A metric's value; JSON has no word for the infinite ones, so they are strings."""
    try:
        read = float(str(value))
    except ValueError:
        return "NaN"
    return read if math.isfinite(read) else str(value if isinstance(value, str) else read)


def pairs(entries: Iterable[Json] | None) -> dict[str, str]:
    """`[{key, value}]` as a dictionary."""
    return {text(each.get("key")): text(each.get("value")) for each in entries or ()}


def points(metrics: Iterable[Json] | None) -> dict[str, Point]:
    """The last point of each metric, as MLflow decides: highest step, then time, then value."""
    last: dict[str, Point] = {}
    for each in metrics or ():
        key, point = text(each.get("key")), _point(each)
        if key not in last or newer(point, last[key]):
            last[key] = point
    return last


def newer(point: Point, than: Point) -> bool:
    return _rank(point) > _rank(than)


def experiment(data: Json) -> Json:
    return {
        "name": text(data.get("name"), 500),
        "lifecycle": _lifecycle(data),
        "tags": pairs(data.get("tags")),
    }


def run(data: Json) -> Json:
    info, logged = data.get("info", {}), data.get("data", {})
    last = points(logged.get("metrics"))
    return {
        **run_info(info),
        "params": pairs(logged.get("params")),
        "metrics": {key: point[0] for key, point in last.items()},
        "metric_steps": {key: list(point[1:]) for key, point in last.items()},
        "tags": pairs(logged.get("tags")),
        "inputs": inputs(data.get("inputs", {})),
    }


def run_info(info: Json) -> Json:
    status = str(info.get("status", ""))
    return {
        "name": text(info.get("run_name"), 500),
        "status": status if status in RunStatus.values else RunStatus.RUNNING,
        "lifecycle": _lifecycle(info),
        "started_at": moment(info.get("start_time")),
        "ended_at": moment(info.get("end_time")),
        "artifact_uri": text(info.get("artifact_uri"), 1000),
    }


def inputs(data: Json) -> list[Json]:
    """The data sets a run read, each with what it was used for."""
    return [
        {
            "name": text(found.get("name")),
            "digest": text(found.get("digest")),
            "source_type": text(found.get("source_type")),
            "source": text(found.get("source")),
            "context": pairs(each.get("tags")).get("mlflow.data.context", ""),
        }
        for each in data.get("dataset_inputs", [])
        if (found := each.get("dataset", {}))
    ]


def model(data: Json) -> Json:
    return {
        "description": text(data.get("description")),
        "tags": pairs(data.get("tags")),
        "updated_at": moment(data.get("last_updated_timestamp")) or FIRST_MOMENT,
    }


def version(data: Json) -> Json:
    return {
        "source": text(data.get("source"), 1000),
        "description": text(data.get("description")),
        "status": text(data.get("status"), 30),
        "tags": pairs(data.get("tags")),
    }


def stage(value: object) -> str:
    """The stage of a version; MLflow writes `None` where it has none."""
    named = text(value, 30)
    return "" if named == "None" else named


def whole(value: object) -> int:
    """A whole number of MLflow's, which come as strings too; 0 where it is none."""
    try:
        return int(str(value))
    except ValueError:
        return 0


def _point(metric: Json) -> Point:
    return (
        number(metric.get("value")),
        whole(metric.get("step", 0)),
        whole(metric.get("timestamp", 0)),
    )


def _rank(point: Point) -> tuple[int, int, float]:
    value = point[0] if isinstance(point[0], float) else float("-inf")
    return point[1], point[2], value


def _lifecycle(data: Json) -> Lifecycle:
    return Lifecycle.DELETED if data.get("lifecycle_stage") == "deleted" else Lifecycle.ACTIVE
