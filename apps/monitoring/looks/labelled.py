"""Rows whose truth is known, and what their answers were: as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.core.errors import PortalError
from apps.core.late import late
from apps.predictions.rows import Row

if TYPE_CHECKING:
    import numpy as np
else:
    np = late("numpy")

ANSWERS = ("prediction", "predictions", "label", "class", "output", "y_pred", "0")
PROBABILITIES = ("probability", "proba", "score", "probability_1", "p", "prediction", "0")


class NoSuchColumn(PortalError):
    code, status = "no_such_column", 409
    sentence = (
        "{what}: no answer has a column {wanted}. There are {known}; name one in the settings."
    )


@dataclass(frozen=True, slots=True)
class Columns:
    """Which output is the answer, which the probability, and what counts as positive."""

    prediction: str = ""
    probability: str = ""
    positive: str = "1"


def labelled(rows: Sequence[Row]) -> list[Row]:
    """The rows whose truth is known."""
    return [row for row in rows if row.truth is not None]


def answers(rows: Sequence[Row], columns: Columns) -> list[Any]:
    """What each row was answered."""
    name = _column(rows, columns.prediction, ANSWERS, "prediction")
    return [row.outputs.get(name) for row in rows]


def probabilities(rows: Sequence[Row], columns: Columns) -> Any:
    """The probability of the positive class of each row; NaN where the answer holds none."""
    name = _column(rows, columns.probability, PROBABILITIES, "probability")
    found = np.array([_number(row.outputs.get(name)) for row in rows], dtype=float)
    with np.errstate(invalid="ignore"):
        found[(found < 0) | (found > 1)] = np.nan
    return found


def positives(values: Sequence[Any], columns: Columns) -> Any:
    """Whether each value is the positive class: true, 1, 1.0 and "1" are the same."""
    wanted = _class(columns.positive)
    return np.array([_class(value) == wanted for value in values], dtype=bool)


def classes(values: Sequence[Any]) -> Any:
    """Values as classes: true, 1, 1.0 and "1" are the same."""
    return np.array([_class(value) for value in values], dtype=object)


def numbers(values: Sequence[Any]) -> Any:
    """Values as numbers; NaN where a value is none."""
    return np.array([_number(value) for value in values], dtype=float)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _class(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return {"True": "1", "true": "1", "False": "0", "false": "0"}.get(text, text)


def _column(rows: Sequence[Row], wanted: str, usual: Sequence[str], what: str) -> str:
    known = list(dict.fromkeys(name for row in rows[-100:] for name in row.outputs))
    if wanted:
        if wanted in known or not known:
            return wanted
        raise NoSuchColumn(what=what, wanted=wanted, known=", ".join(known[:10]))
    found = next((name for name in usual if name in known), None)
    if found is None and len(known) == 1:
        found = known[0]
    if found is None and known:
        raise NoSuchColumn(what=what, wanted=usual[0], known=", ".join(known[:10]))
    return found or usual[0]
