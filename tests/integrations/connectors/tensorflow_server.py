"""A TensorFlow Serving in a few lines: real gRPC, and the protocol's own messages where they are installed."""

from __future__ import annotations

import sys
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc

try:
    from tensorflow.core.framework.tensor_pb2 import TensorProto
    from tensorflow_serving.apis.get_model_status_pb2 import (
        GetModelStatusRequest,
        GetModelStatusResponse,
    )
    from tensorflow_serving.apis.model_management_pb2 import (
        ReloadConfigRequest,
        ReloadConfigResponse,
    )
    from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse

    DEFINITIONS = "own"
except ImportError:
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from apps.integrations.tensorflow.messages import message

    TensorProto, PredictRequest, PredictResponse = (
        message(name) for name in ("TensorProto", "PredictRequest", "PredictResponse")
    )
    GetModelStatusRequest, GetModelStatusResponse, ReloadConfigRequest, ReloadConfigResponse = (
        message(name)
        for name in (
            "GetModelStatusRequest",
            "GetModelStatusResponse",
            "ReloadConfigRequest",
            "ReloadConfigResponse",
        )
    )
    DEFINITIONS = "ours"

START, AVAILABLE = 10, 30
CODES = {code.value[0]: code for code in grpc.StatusCode}


class Life:
    """The versions of one model: each is loaded when somebody asks about it."""

    def __init__(self) -> None:
        self.states: dict[int, int] = {}
        self.labels: dict[str, int] = {}

    def configure(self, config: Any) -> str:
        if config.base_path == "/nowhere":
            return "no folder /nowhere"
        if config.model_platform != "tensorflow":
            return "unknown platform"
        versions = list(config.model_version_policy.specific.versions)
        for label, number in config.version_labels.items():
            if self.states.get(number) != AVAILABLE:
                return f"label {label}: version {number} is not available"
        self.labels = dict(config.version_labels)
        self.states = {number: self.states.get(number, START) for number in versions}
        return ""


LIFE = Life()


def predict(asked: Any, context: Any) -> Any:
    model = asked.model_spec.name
    if model.startswith("code-"):
        context.abort(CODES[int(model.removeprefix("code-"))], "said by the server")
    answer = PredictResponse()
    if model == "fields":
        answer.outputs["many"].CopyFrom(_tensor(1, [2], float_val=[1.0, 2.0]))
        answer.outputs["one"].CopyFrom(_tensor(9, [2, 2], int64_val=[7]))
    elif model == "spec":
        spec = asked.model_spec
        chosen = f"version {spec.version.value}" if spec.HasField("version") else "newest"
        chosen = f"label {spec.version_label}" if spec.version_label else chosen
        answer.outputs["asked"].CopyFrom(_tensor(7, [1], string_val=[chosen.encode()]))
    else:
        for name, tensor in asked.inputs.items():
            answer.outputs[name].CopyFrom(tensor)
    return answer


def _tensor(dtype: int, shape: list[int], **values: Any) -> Any:
    made = TensorProto(dtype=dtype, **values)
    for size in shape:
        made.tensor_shape.dim.add(size=size)
    return made


def status(asked: Any, context: Any) -> Any:
    spec = asked.model_spec
    LIFE.states = dict.fromkeys(LIFE.states, AVAILABLE)
    states = LIFE.states if spec.name == "life" else {}
    if spec.version_label:
        states = {n: s for n, s in states.items() if LIFE.labels.get(spec.version_label) == n}
    if not states:
        context.abort(grpc.StatusCode.NOT_FOUND, f"no versions of {spec.name}")
    answer = GetModelStatusResponse()
    for number, state in sorted(states.items()):
        answer.model_version_status.add(version=number, state=state)
    return answer


def reload(asked: Any, context: Any) -> Any:
    answer = ReloadConfigResponse()
    [config] = asked.config.model_config_list.config
    if refused := LIFE.configure(config):
        answer.status.error_code = 3
        answer.status.error_message = refused
    return answer


def _service(name: str, calls: dict[str, tuple[Any, Any]]) -> Any:
    handlers = {
        call: grpc.unary_unary_rpc_method_handler(
            function,
            request_deserializer=asked.FromString,
            response_serializer=lambda sent: sent.SerializeToString(),
        )
        for call, (function, asked) in calls.items()
    }
    return grpc.method_handlers_generic_handler(f"tensorflow.serving.{name}", handlers)


def main() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers(
        (
            _service("PredictionService", {"Predict": (predict, PredictRequest)}),
            _service(
                "ModelService",
                {
                    "GetModelStatus": (status, GetModelStatusRequest),
                    "HandleReloadConfigRequest": (reload, ReloadConfigRequest),
                },
            ),
        )
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(DEFINITIONS, port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
