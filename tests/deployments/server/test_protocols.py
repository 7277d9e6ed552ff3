"""The same answer by MLflow's protocol, the Open Inference Protocol, gRPC and Arrow."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml

from apps.deployments.server.answers import Asked, Request
from apps.deployments.server.inference import Inference
from apps.deployments.server.scoring import Model
from tests.deployments.server import models
from tests.deployments.server.running import Running

SPEC = Path(__file__).resolve().parents[4] / "shared" / "specs" / "kserve-oip-rest.yaml"
ARROW = "application/vnd.apache.arrow.stream"
ROWS = models.numbers(7)


def expected(server: Running) -> list[int]:
    split = json.loads(ROWS.to_json(orient="split", double_precision=15))
    status, said = server.post({"dataframe_split": split})
    assert status == 200
    found: list[int] = said["predictions"]
    assert set(found) == {0, 1}
    return found


def columns() -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": [7], "datatype": "FP64", "data": ROWS[name].tolist()}
        for name in ROWS
    ]


def test_it_says_who_it_is_and_that_it_is_ready(boost: Running) -> None:
    assert boost.call("GET", "/ping")[0] == boost.call("GET", "/health")[0] == 200
    about = json.loads(boost.call("GET", "/version")[1])
    assert (about["model"], about["version"]) == ("boost", "3")
    assert json.loads(boost.call("GET", "/v2/health/live")[1]) == {"live": True}
    assert json.loads(boost.call("GET", "/v2/health/ready")[1]) == {"ready": True}
    ready = {"name": "boost", "ready": True}
    assert json.loads(boost.call("GET", "/v2/models/boost/versions/3/ready")[1]) == ready
    told = json.loads(boost.call("GET", "/v2/models/boost")[1])
    assert told["inputs"][0] == {"name": "age", "datatype": "FP64", "shape": [-1]}
    assert told["outputs"] == [{"name": "predict", "datatype": "INT64", "shape": [-1]}]


def test_tensors_by_column_or_as_one_matrix_are_scored_alike(boost: Running) -> None:
    matrix = {"name": "rows", "shape": [7, 3], "datatype": "FP64", "data": ROWS.values.tolist()}
    for inputs in (columns(), [matrix]):
        body = {"id": "a1", "inputs": inputs, "outputs": [{"name": "predict"}]}
        status, said = boost.post(body, "/v2/models/boost/infer")

        assert status == 200, said
        assert (said["id"], said["model_name"], said["model_version"]) == ("a1", "boost", "3")
        output = {"name": "predict", "datatype": "INT64", "shape": [7], "data": expected(boost)}
        assert said["outputs"] == [output]


def test_answers_fit_the_published_description(boost: Running) -> None:
    if not SPEC.exists():
        pytest.skip("../shared, where the protocol's description lies, is absent")
    from jsonschema import Draft202012Validator

    schemas = yaml.safe_load(SPEC.read_text())["components"]
    _, inferred = boost.post({"inputs": columns()}, "/v2/models/boost/infer")
    _, refused = boost.post({"inputs": []}, "/v2/models/boost/infer")
    for name, value in {
        "metadata_server_response": json.loads(boost.call("GET", "/v2")[1]),
        "metadata_model_response": json.loads(boost.call("GET", "/v2/models/boost")[1]),
        "inference_response": inferred,
        "inference_error_response": refused,
    }.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": schemas}
        assert [e.message for e in Draft202012Validator(schema).iter_errors(value)] == []


def test_an_arrow_stream_is_answered_by_one(boost: Running) -> None:
    table = pa.Table.from_pandas(ROWS)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)

    status, said = boost.call("POST", "/invocations", sink.getvalue(), ARROW)

    assert status == 200, said
    assert pa.ipc.open_stream(said).read_all().to_pydict() == {"predict": expected(boost)}


@pytest.mark.parametrize("kind", ["params", "pipeline", "matrix", "unsigned"])
def test_other_models_take_tensors_too(kind: str, loaded: Callable[[str], Model]) -> None:
    data = models.words(4) if kind == "pipeline" else models.mixed(4)
    data = data[models.NUMBERS] if kind in {"matrix", "unsigned"} else data
    types = {"f": "FP64", "i": "INT64"}
    inputs = [
        {
            "name": name,
            "shape": [4, 1],
            "datatype": types.get(data[name].dtype.kind, "BYTES"),
            "data": data[name].tolist(),
        }
        for name in data
    ]
    if kind in {"matrix", "unsigned"}:
        values = data.to_numpy()
        inputs = [{"name": "x", "shape": [4, 3], "datatype": "FP64", "data": values.tolist()}]
    body: dict[str, Any] = {"inputs": inputs}
    if kind == "params":
        body["parameters"] = {"factor": 3.0}
    model = loaded(kind)
    door = Inference(model, name=kind, version="3")
    request = Request("POST", "", [], json.dumps(body).encode())
    [answer] = model.score([Asked(door, request, lambda answer: None)])

    assert answer.status == 200, answer.body
    [output] = json.loads(answer.body)["outputs"]
    assert output["shape"] == [4]
    if kind == "params":
        sums = data.sum(axis=1) * 3.0
        assert (output["name"], output["data"]) == ("twice", sums.tolist())


def test_grpc_answers_as_rest_does(boost: Running) -> None:
    grpc = pytest.importorskip("grpc", reason="grpcio, an extra, is not installed")

    from apps.deployments.server.rpc_messages import SERVICE, message

    about = json.loads(boost.call("GET", "/version")[1])
    channel = grpc.insecure_channel(f"127.0.0.1:{about['grpc_port']}")

    def call(verb: str, **given: Any) -> Any:
        method = channel.unary_unary(
            f"/{SERVICE}/{verb}",
            request_serializer=message(f"{verb}Request").SerializeToString,
            response_deserializer=message(f"{verb}Response").FromString,
        )
        return method(message(f"{verb}Request")(**given), timeout=240)

    with channel:
        assert call("ServerLive").live
        assert call("ServerReady").ready
        assert call("ModelReady", name="boost").ready
        assert [each.name for each in call("ModelMetadata", name="boost").inputs] == models.NUMBERS
        plain = [
            {
                "name": each["name"],
                "datatype": "FP64",
                "shape": [7],
                "contents": {"fp64_contents": each["data"]},
            }
            for each in columns()
        ]
        said = call("ModelInfer", model_name="boost", id="g1", inputs=plain)
        assert (said.id, said.model_version) == ("g1", "3")
        assert list(said.outputs[0].contents.int64_contents) == expected(boost)
        bare = [{"name": each, "datatype": "FP64", "shape": [7]} for each in ROWS]
        raw = [ROWS[name].to_numpy().tobytes() for name in ROWS]
        said = call("ModelInfer", model_name="boost", inputs=bare, raw_input_contents=raw)
        assert np.frombuffer(said.raw_output_contents[0], "<i8").tolist() == expected(boost)
        for given, code, named in (
            ({"model_name": "other"}, grpc.StatusCode.NOT_FOUND, "model_name"),
            ({"model_name": "boost"}, grpc.StatusCode.INVALID_ARGUMENT, "inputs"),
            ({"model_name": "boost", "inputs": bare}, grpc.StatusCode.INVALID_ARGUMENT, "age"),
            ({"model_name": "boost", "inputs": bare, "raw_input_contents": raw[:1]},
             grpc.StatusCode.INVALID_ARGUMENT, "raw_input_contents"),
        ):  # fmt: skip
            with pytest.raises(grpc.RpcError) as refused:
                call("ModelInfer", **given)
            assert refused.value.code() == code
            assert named in refused.value.details()
