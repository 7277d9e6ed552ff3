"""Arrow IPC streams in and out of `/invocations`: columns as they are, nothing parsed."""

from __future__ import annotations

from typing import Any

import numpy as np

from apps.deployments.server import tensors
from apps.deployments.server.answers import (
    Answer,
    BadInput,
    Question,
    Request,
    content_type,
    problem,
)
from apps.deployments.server.plan import Plan
from apps.deployments.server.scoring import Model

try:
    import pyarrow as pa
except ImportError:  # an environment of the model's own may do without
    pa = None

KIND = "application/vnd.apache.arrow.stream"


class Arrow:
    """The fast lane of clients that hold their rows as columns."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def read(self, request: Request) -> Question:
        """The columns of a stream."""
        content_type(request)
        if pa is None:
            raise BadInput(
                f"content-type: {KIND} needs pyarrow, which the model's environment lacks",
                status=415,
            )
        table = _table(request.body)
        plan, model = self.model.plan, self.model

        def alone() -> Answer:
            return _write(model.pyfunc.predict(_frame(table, model)), model.output_names)

        rows = _rows(table, plan) if plan else None
        return Question(alone, rows, lambda made: _write(made, model.output_names))

    def refuse(self, error: BadInput) -> Answer:
        """MLflow's shape of an error: who reads columns reads JSON too."""
        return problem(error.status, str(error))


def _table(body: bytes) -> Any:
    try:
        with pa.ipc.open_stream(pa.BufferReader(body)) as stream:
            table = stream.read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput(f"body: not an Arrow stream: {str(error)[:300]}") from error
    if not table.num_rows or not table.num_columns:
        raise BadInput("body: the stream holds no row")
    for name in table.column_names:
        if table.column_names.count(name) > 1:
            raise BadInput(f"{name[:80]}: the column stands there more than once")
    return table


def _rows(table: Any, plan: Plan) -> Any:
    """Plain rows where every column has exactly its own type and no gap."""
    if plan.array is None or not plan.names or not set(plan.names) <= set(table.column_names):
        return None
    wanted = zip(plan.names, plan.columns, strict=True)
    if any(
        table.schema.field(name).type != pa.from_numpy_dtype(column.dtype)
        for name, column in wanted
    ):
        return None
    columns = [table[name] for name in plan.names]
    if any(column.null_count for column in columns):
        return None
    arrays = [column.to_numpy() for column in columns]
    return np.column_stack(arrays).astype(plan.array, copy=False)


def _frame(table: Any, model: Model) -> Any:
    schema = model.schema
    if schema is not None and schema.has_input_names():
        for spec in schema.inputs:
            if spec.required and spec.name not in table.column_names:
                raise BadInput(f"{spec.name}: the model needs this column")
    frame = table.to_pandas()
    if schema is not None and schema.is_tensor_spec() and not schema.has_input_names():
        return frame.to_numpy(dtype=schema.inputs[0].type)
    return frame


def _write(predictions: Any, names: list[str]) -> Answer:
    columns: dict[str, Any] = {}
    for made in tensors.outputs(predictions, names):
        if made.values.ndim == 1:
            columns[made.name] = pa.array(made.values)
        else:
            flat = made.values.reshape(len(made.values), -1)
            columns |= {f"{made.name}_{place}": pa.array(part) for place, part in enumerate(flat.T)}
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return Answer(200, sink.getvalue().to_pybytes(), KIND)
