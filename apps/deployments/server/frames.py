"""MLflow's JSON forms as plain rows, in the order of the signature."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from apps.deployments.server.plan import Plan, Rows

Reader = Callable[[Any, Plan], Rows | None]
INDEX = ({int}, {str})


def rows_of(data: Any, plan: Plan) -> Rows | None:
    """The rows of a body that holds one plain form and nothing else; nothing where MLflow must read it."""
    if type(data) is not dict or len(data) != 1:
        return None
    [(form, given)] = data.items()
    read = (NAMED if plan.names else TENSORS).get(form)
    rows = read(given, plan) if read else None
    return rows if rows is not None and plan.fits(rows) else None


def _split(given: Any, plan: Plan) -> Rows | None:
    if type(given) is not dict or not {"columns", "data"} <= given.keys() <= SPLIT:
        return None
    columns, rows = given["columns"], given["data"]
    if not _lists(rows) or type(columns) is not list or set(map(type, columns)) != {str}:
        return None
    if "index" in given and not _plain_index(given["index"], len(rows)):
        return None
    if set(map(len, rows)) != {len(columns)}:
        return None
    places = _places(tuple(columns), plan.names)
    if places is None:
        return None
    return [[row[place] for place in places] for row in rows] if places else rows


SPLIT = {"columns", "data", "index"}


def _plain_index(index: Any, count: int) -> bool:
    return type(index) is list and len(index) == count and set(map(type, index)) in INDEX


@lru_cache(maxsize=256)
def _places(given: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[int, ...] | None:
    """Where the wanted columns stand; empty where they stand as wanted, nothing where one is missing."""
    if given == wanted:
        return ()
    if len(set(given)) != len(given) or not set(wanted) <= set(given):
        return None
    return tuple(given.index(name) for name in wanted)


def _records(given: Any, plan: Plan) -> Rows | None:
    if type(given) is not list or set(map(type, given)) != {dict}:
        return None
    try:
        return [[record[name] for name in plan.names] for record in given]
    except KeyError:
        return None


def _exact_records(given: Any, plan: Plan) -> Rows | None:
    """Records without further columns, which MLflow would convert here."""
    rows = _records(given, plan)
    return rows if rows and all(len(record) == plan.width for record in given) else None


def _columns(given: Any, plan: Plan) -> Rows | None:
    if type(given) is not dict or given.keys() != set(plan.names):
        return None
    columns = [given[name] for name in plan.names]
    if not _lists(columns) or len(set(map(len, columns))) != 1:
        return None
    return list(zip(*columns, strict=True))


def _inputs(given: Any, plan: Plan) -> Rows | None:
    if any(column.dtype is None for column in plan.columns):
        return None  # a column of texts has other types here than in a frame
    return _columns(given, plan) if type(given) is dict else _exact_records(given, plan)


def _instances(given: Any, plan: Plan) -> Rows | None:
    return _inputs(given, plan) if type(given) is list else None


def _matrix(given: Any, plan: Plan) -> Rows | None:
    return given if _lists(given) else None


def _lists(given: Any) -> bool:
    return type(given) is list and set(map(type, given)) == {list}


NAMED: dict[str, Reader] = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "inputs": _inputs,
    "instances": _instances,
}
TENSORS: dict[str, Reader] = {"inputs": _matrix, "instances": _matrix}
