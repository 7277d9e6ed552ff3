"""The Open Inference Protocol over REST: `/v2/models/<name>/infer`."""

from __future__ import annotations

from typing import Any

import orjson

from apps.deployments.server import tensors
from apps.deployments.server.answers import (
    JSON,
    Answer,
    BadInput,
    Question,
    Request,
    content_type,
    dumps,
)
from apps.deployments.server.scoring import Model
from apps.deployments.server.tensors import Tensor

SEPARATE = b"inference-header-content-length"


class Inference:
    """The door of KServe's, Triton's and MLServer's clients."""

    def __init__(self, model: Model, *, name: str, version: str) -> None:
        self.model, self.name, self.version = model, name, version

    def metadata(self) -> dict[str, Any]:
        """What the protocol tells of a model."""
        about = self.model.pyfunc.metadata
        return {
            "name": self.name,
            "versions": [self.version],
            "platform": "mlflow",
            "inputs": tensors.described(about.get_input_schema()),
            "outputs": tensors.described(about.get_output_schema()),
        }

    def read(self, request: Request) -> Question:
        """The tensors of a request, checked against the signature."""
        kind, _ = content_type(request)
        if kind != JSON:
            raise BadInput(f"content-type: {JSON} is needed, not {kind[:80]}", status=415)
        if request.header(SEPARATE):
            raise BadInput(
                f"{SEPARATE.decode()}: tensors beside the JSON are not read; send them as data"
            )
        body = _object(request.body)
        given = body.get("inputs")
        if not isinstance(given, list) or not given:
            raise BadInput("inputs: a list of at least one tensor is needed")
        read = [tensors.read(each, f"inputs[{place}]") for place, each in enumerate(given)]
        return self.question(read, body, lambda made: self._json(made, body))

    def question(self, read: list[Tensor], body: dict[str, Any], write: Any) -> Question:
        """What is asked of the model, whichever wire the tensors came by; `write` makes the answer."""
        _once_each(read)
        _check_id(body)
        wanted = _wanted(body)
        params = self._params(body)
        model = self.model

        def answer(predictions: Any) -> Answer:
            made = tensors.outputs(predictions, model.output_names)
            found: Answer = write(_chosen(made, wanted))
            return found

        def alone() -> Answer:
            data = tensors.whole(read, model.schema)
            return answer(model.pyfunc.predict(data, params=params))

        rows = tensors.rows(read, model.plan, model.schema) if model.plan else None
        return Question(alone, rows, answer)

    def _params(self, body: dict[str, Any]) -> dict[str, Any] | None:
        given = body.get("parameters") or {}
        if not isinstance(given, dict):
            raise BadInput("parameters: an object is needed")
        schema = self.model.params_schema
        if schema is None:
            return None
        return {param.name: given[param.name] for param in schema.params if param.name in given}

    def _json(self, made: list[Tensor], body: dict[str, Any]) -> Answer:
        told: dict[str, Any] = {"model_name": self.name, "model_version": self.version}
        if "id" in body:
            told["id"] = body["id"]
        told["outputs"] = [
            {
                "name": each.name,
                "datatype": each.datatype,
                "shape": list(each.values.shape),
                "data": each.values.reshape(-1).tolist(),
            }
            for each in made
        ]
        return Answer(200, dumps(told))

    def refuse(self, error: BadInput) -> Answer:
        """The protocol's shape of an error."""
        return Answer(error.status, dumps({"error": str(error)}))


def _object(body: bytes) -> dict[str, Any]:
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"body: not JSON: {error}") from error
    if not isinstance(read, dict):
        raise BadInput("body: a JSON object with inputs is needed")
    return read


def _once_each(read: list[Tensor]) -> None:
    seen: set[str] = set()
    for tensor in read:
        if tensor.name in seen:
            raise BadInput(f"inputs.{tensor.name[:80]}: it stands there more than once")
        seen.add(tensor.name)


def _check_id(body: dict[str, Any]) -> None:
    if not isinstance(body.get("id", ""), str):
        raise BadInput("id: a text is needed")


def _wanted(body: dict[str, Any]) -> list[str]:
    given = body.get("outputs") or []
    if not isinstance(given, list):
        raise BadInput("outputs: a list is needed")
    names = [each.get("name") if isinstance(each, dict) else None for each in given]
    for place, name in enumerate(names):
        if not isinstance(name, str):
            raise BadInput(f"outputs[{place}].name: a text is needed")
    return [name for name in names if name is not None]


def _chosen(made: list[Tensor], wanted: list[str]) -> list[Tensor]:
    found = {tensor.name: tensor for tensor in made}
    for name in wanted:
        if name not in found:
            raise BadInput(f"outputs.{name[:80]}: the model gives {', '.join(found)}")
    return [found[name] for name in wanted] if wanted else made
