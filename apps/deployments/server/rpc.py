"""The Open Inference Protocol over gRPC. The same tensors, the same worker, another wire."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np

from apps.deployments.server import tensors
from apps.deployments.server.answers import Answer, Asked, BadInput, Question, Request
from apps.deployments.server.app import ModelServer
from apps.deployments.server.inference import Inference
from apps.deployments.server.rpc_messages import SERVICE, message
from apps.deployments.server.tensors import DTYPES, Tensor
from apps.deployments.server.wire import MOST_BODY_BYTES

THREADS = 16
CONTENTS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}  # fmt: skip
CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    404: grpc.StatusCode.NOT_FOUND,
    503: grpc.StatusCode.UNAVAILABLE,
    507: grpc.StatusCode.RESOURCE_EXHAUSTED,
}
Context = Any


class Calls:
    """The six calls of the service."""

    def __init__(self, app: ModelServer) -> None:
        self.app = app

    def server_live(self, asked: Any, context: Context) -> Any:
        return message("ServerLiveResponse")(live=True)

    def server_ready(self, asked: Any, context: Context) -> Any:
        return message("ServerReadyResponse")(ready=not self.app.draining)

    def model_ready(self, asked: Any, context: Context) -> Any:
        self._check(asked.name, asked.version, context)
        return message("ModelReadyResponse")(ready=not self.app.draining)

    def server_metadata(self, asked: Any, context: Context) -> Any:
        return message("ServerMetadataResponse")(name="signalbox", version=self.app.version)

    def model_metadata(self, asked: Any, context: Context) -> Any:
        self._check(asked.name, asked.version, context)
        return message("ModelMetadataResponse")(**self.app.inference.metadata())

    def model_infer(self, asked: Any, context: Context) -> Any:
        self._check(asked.model_name, asked.model_version, context)
        answered: Future[Answer] = Future()
        door = _Door(self.app.inference, asked)
        waiting = Asked(door, Request("POST", "grpc"), answered.set_result)
        loop = self.app.batcher.loop
        loop.call_soon_threadsafe(self.app.batcher.add, waiting)
        answer = answered.result()
        if answer.status != 200:
            context.abort(CODES.get(answer.status, CODES[400]), answer.body.decode())
        return door.made

    def _check(self, name: str, version: str, context: Context) -> None:
        app = self.app
        if name != app.name or version not in {"", app.version}:
            sentence = f"model_name: only {app.name} version {app.version} is served here"
            context.abort(grpc.StatusCode.NOT_FOUND, sentence)


class _Door:
    """One call as a question; its answer is a message that it keeps."""

    def __init__(self, inference: Inference, asked: Any) -> None:
        self.inference, self.asked = inference, asked
        self.made: Any = None

    def read(self, request: Request) -> Question:
        asked = self.asked
        if not asked.inputs:
            raise BadInput("inputs: at least one tensor is needed")
        raw = list(asked.raw_input_contents)
        if raw and len(raw) != len(asked.inputs):
            raise BadInput("raw_input_contents: one for each input is needed")
        read = [_read(each, raw[place] if raw else None) for place, each in enumerate(asked.inputs)]
        body = {
            "id": asked.id,
            "outputs": [{"name": each.name} for each in asked.outputs],
            "parameters": {name: _parameter(value) for name, value in asked.parameters.items()},
        }
        return self.inference.question(read, body, lambda made: self._write(made, is_raw=bool(raw)))

    def _write(self, made: list[Tensor], *, is_raw: bool) -> Answer:
        inference = self.inference
        told = message("ModelInferResponse")(
            model_name=inference.name, model_version=inference.version, id=self.asked.id
        )
        for each in made:
            shape = list(each.values.shape)
            output = told.outputs.add(name=each.name, datatype=each.datatype, shape=shape)
            if is_raw:
                told.raw_output_contents.append(_raw(each))
                continue
            field = getattr(output.contents, CONTENTS[each.datatype])
            flat = each.values.reshape(-1).tolist()
            field.extend([text.encode() for text in flat] if each.datatype == "BYTES" else flat)
        self.made = told
        return Answer(200, b"")

    def refuse(self, error: BadInput) -> Answer:
        return Answer(error.status, str(error).encode(errors="backslashreplace"))


def _read(given: Any, raw: bytes | None) -> Tensor:
    where = f"inputs.{given.name[:80]}"
    if not given.name:
        raise BadInput("inputs.name: a text is needed")
    if given.datatype not in DTYPES:
        raise BadInput(f"{where}.datatype: one of {', '.join(DTYPES)} is needed")
    shape = tensors.shape_of(tuple(given.shape), where)
    if raw is not None:
        return Tensor(given.name, given.datatype, _from_raw(raw, given.datatype, shape, where))
    if given.datatype not in CONTENTS:
        raise BadInput(f"{where}.datatype: {given.datatype} travels only in raw_input_contents")
    flat = list(getattr(given.contents, CONTENTS[given.datatype]))
    if given.datatype == "BYTES":
        flat = [_text(value, where) for value in flat]
    return Tensor(given.name, given.datatype, tensors.filled(flat, given.datatype, shape, where))


def _from_raw(raw: bytes, datatype: str, shape: tuple[int, ...], where: str) -> Any:
    """Little-endian values one after the other; a text has its length in front."""
    if datatype == "BYTES":
        return tensors.filled(list(_texts(raw, where)), datatype, shape, where)
    kind = np.dtype(DTYPES[datatype]).newbyteorder("<")
    if len(raw) % kind.itemsize:
        raise BadInput(f"{where}: its raw contents are cut short")
    values = np.frombuffer(raw, dtype=kind).astype(DTYPES[datatype])
    if values.size != math.prod(shape):
        raise BadInput(
            f"{where}: shape {list(shape)} needs {math.prod(shape)} values, not {values.size}"
        )
    return values.reshape(shape)


def _texts(raw: bytes, where: str) -> Any:
    at = 0
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 4], "little")
        part = raw[at + 4 : at + 4 + size]
        if len(raw) < at + 4 or len(part) != size:
            raise BadInput(f"{where}: its raw contents are cut short")
        yield _text(part, where)
        at += 4 + size


def _text(value: bytes, where: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"{where}: a text is not UTF-8 at byte {error.start}") from error


def _raw(tensor: Tensor) -> bytes:
    if tensor.datatype != "BYTES":
        kind = tensor.values.dtype.newbyteorder("<")
        return np.ascontiguousarray(tensor.values, dtype=kind).tobytes()
    texts = [text.encode() for text in tensor.values.reshape(-1).tolist()]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def _parameter(given: Any) -> Any:
    chosen = given.WhichOneof("choice")
    return getattr(given, chosen) if chosen else None


def _handlers(calls: Calls) -> Any:
    methods: dict[str, Callable[[Any, Context], Any]] = {
        "ServerLive": calls.server_live,
        "ServerReady": calls.server_ready,
        "ModelReady": calls.model_ready,
        "ServerMetadata": calls.server_metadata,
        "ModelMetadata": calls.model_metadata,
        "ModelInfer": calls.model_infer,
    }
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            method,
            request_deserializer=message(f"{name}Request").FromString,
            response_serializer=message(f"{name}Response").SerializeToString,
        )
        for name, method in methods.items()
    }
    return grpc.method_handlers_generic_handler(SERVICE, handlers)


def serve(app: ModelServer, host: str) -> tuple[Any, int]:
    """A gRPC server on a free port, started; and the port."""
    most = [
        ("grpc.max_receive_message_length", MOST_BODY_BYTES),
        ("grpc.max_send_message_length", MOST_BODY_BYTES),
    ]
    server = grpc.server(ThreadPoolExecutor(THREADS, thread_name_prefix="grpc"), options=most)
    server.add_generic_rpc_handlers((_handlers(Calls(app)),))
    port = server.add_insecure_port(f"{host}:0")
    server.start()
    return server, port
