"""MLflow's scoring protocol: `/invocations` in every form that `mlflow models serve` takes."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import numpy as np
import orjson
from mlflow.pyfunc.scoring_server import invocations, predictions_to_json

from apps.deployments.server import faults
from apps.deployments.server.answers import (
    JSON,
    Answer,
    BadInput,
    Question,
    Request,
    content_type,
    problem,
)
from apps.deployments.server.frames import rows_of
from apps.deployments.server.scoring import Model, as_bad_input

CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"


class Invocations:
    """The door of MLflow's own clients."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def read(self, request: Request) -> Question:
        """Plain rows where the model has a plan for them; everything else as MLflow reads it."""
        kind, parameters = content_type(request)
        if kind not in {JSON, CSV, PARQUET}:
            raise BadInput(
                f"content-type: {kind[:80]} is not read here; send {JSON}, {CSV}, {PARQUET} or an Arrow stream",
                status=415,
            )
        if parameters.get("charset", "utf-8").strip('"').lower() not in {"utf-8", "utf8"}:
            raise BadInput("content-type: only the charset utf-8 is read here", status=415)
        if not request.body:
            raise BadInput(f"body: it is empty; {faults.NEEDED.removeprefix('body: ')}")

        def alone() -> Answer:
            return self._as_mlflow(request.body, kind)

        plan = self.model.plan
        rows = rows_of(_plain(request.body), plan) if plan and kind == JSON else None
        return Question(alone, rows, _write)

    def refuse(self, error: BadInput) -> Answer:
        """MLflow's shape of an error."""
        return problem(error.status, str(error))

    def _as_mlflow(self, body: bytes, kind: str) -> Answer:
        """Let MLflow's own server function read, check and score it."""
        data = _parsed(body) if kind == JSON else _text(body) if kind == CSV else body
        try:
            answer = invocations(data, kind, self.model.pyfunc, self.model.schema)  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001  MLflow lets some of pandas' and NumPy's errors pass
            raise self._explained(as_bad_input(error), body, kind) from error
        if answer.status != 200:
            raise BadInput(f"content-type: {answer.response}", status=answer.status)
        return Answer(200, str(answer.response).encode())

    def _explained(self, bad: BadInput, body: bytes, kind: str) -> BadInput:
        """The same refusal with the name of what does not fit, or at least of where to look."""
        if bad.status != 400:
            return bad
        if kind != JSON:
            return BadInput(f"body ({kind}): {bad}")
        # MLflow takes things out of what it is given; the fault is sought in the body as it came.
        parsed = _parsed(body)
        found = faults.explain(parsed, self.model.schema)
        return BadInput(found or f"{next(iter(parsed), 'body')}: {bad}")


def _plain(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None  # perhaps NaN or Infinity, which MLflow's reader takes


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"body: not UTF-8 at byte {error.start}") from error


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(_text(body))
    except RecursionError as error:
        raise BadInput("body: lists and objects stand too deep in each other") from error
    except json.JSONDecodeError as error:
        raise BadInput(f"body: not JSON: {error}") from error
    except ValueError as error:  # a whole number of thousands of digits
        raise BadInput(f"body: {error}") from error


def _write(predictions: Any) -> Answer:
    """The same JSON as MLflow's, faster where the values are plain."""
    if isinstance(predictions, np.ndarray) and _is_plain(predictions):
        return Answer(200, orjson.dumps({"predictions": predictions.tolist()}))
    out = StringIO()
    predictions_to_json(predictions, out)  # type: ignore[no-untyped-call]
    return Answer(200, out.getvalue().encode())


def _is_plain(values: np.ndarray[Any, Any]) -> bool:
    if values.dtype.kind == "f":
        return bool(np.isfinite(values).all())
    return values.dtype.kind in "biu"
