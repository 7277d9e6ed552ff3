"""The messages of the Open Inference Protocol's gRPC service, described here instead of in a .proto.

The numbers are the public protocol's. protobuf builds the classes from them when this module is loaded, so that
nothing has to be generated and kept.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "inference"
SERVICE = f"{PACKAGE}.GRPCInferenceService"
Field = descriptor_pb2.FieldDescriptorProto

TYPES = {
    "bool": Field.TYPE_BOOL,
    "int32": Field.TYPE_INT32,
    "int64": Field.TYPE_INT64,
    "uint32": Field.TYPE_UINT32,
    "uint64": Field.TYPE_UINT64,
    "float": Field.TYPE_FLOAT,
    "double": Field.TYPE_DOUBLE,
    "string": Field.TYPE_STRING,
    "bytes": Field.TYPE_BYTES,
}
# A field is "name number type". Before the type: * is repeated, % a map from texts, ? one of the choice.
MODEL = "name 1 string, version 2 string"
TENSOR = (
    "name 1 string, datatype 2 string, shape 3 *int64, "
    "parameters 4 %InferParameter, contents 5 InferTensorContents"
)
DESCRIBED = "name 1 string, datatype 2 string, shape 3 *int64"
MESSAGES = {
    "ServerLiveRequest": "",
    "ServerLiveResponse": "live 1 bool",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "ready 1 bool",
    "ModelReadyRequest": MODEL,
    "ModelReadyResponse": "ready 1 bool",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": "name 1 string, version 2 string, extensions 3 *string",
    "ModelMetadataRequest": MODEL,
    "ModelMetadataResponse": (
        "name 1 string, versions 2 *string, platform 3 string, "
        "inputs 4 *ModelMetadataResponse.TensorMetadata, outputs 5 *ModelMetadataResponse.TensorMetadata"
    ),
    "InferParameter": "bool_param 1 ?bool, int64_param 2 ?int64, string_param 3 ?string",
    "InferTensorContents": (
        "bool_contents 1 *bool, int_contents 2 *int32, int64_contents 3 *int64, uint_contents 4 *uint32, "
        "uint64_contents 5 *uint64, fp32_contents 6 *float, fp64_contents 7 *double, bytes_contents 8 *bytes"
    ),
    "ModelInferRequest": (
        "model_name 1 string, model_version 2 string, id 3 string, parameters 4 %InferParameter, "
        "inputs 5 *ModelInferRequest.InferInputTensor, "
        "outputs 6 *ModelInferRequest.InferRequestedOutputTensor, raw_input_contents 7 *bytes"
    ),
    "ModelInferResponse": (
        "model_name 1 string, model_version 2 string, id 3 string, parameters 4 %InferParameter, "
        "outputs 5 *ModelInferResponse.InferOutputTensor, raw_output_contents 6 *bytes"
    ),
}
INSIDE = {
    "ModelMetadataResponse": {"TensorMetadata": DESCRIBED},
    "ModelInferRequest": {
        "InferInputTensor": TENSOR,
        "InferRequestedOutputTensor": "name 1 string, parameters 2 %InferParameter",
    },
    "ModelInferResponse": {"InferOutputTensor": TENSOR},
}


def _described() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="open_inference.proto", package=PACKAGE, syntax="proto3"
    )
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        _fill(message, fields, name)
        for inner, inner_fields in INSIDE.get(name, {}).items():
            nested = message.nested_type.add(name=inner)
            _fill(nested, inner_fields, f"{name}.{inner}")
    return file


def _fill(message: descriptor_pb2.DescriptorProto, fields: str, path: str) -> None:
    for text in filter(None, fields.split(", ")):
        name, number, kind = text.split()
        field = message.field.add(name=name, number=int(number), label=Field.LABEL_OPTIONAL)
        mark, plain = (kind[0], kind[1:]) if kind[0] in "*%?" else ("", kind)
        if mark in {"*", "%"}:
            field.label = Field.LABEL_REPEATED
        if mark == "%":
            plain = _map(message, name, plain, path)
        if mark == "?":
            if not message.oneof_decl:
                message.oneof_decl.add(name="parameter_choice")
            field.oneof_index = 0
        _typed(field, plain)


def _map(message: descriptor_pb2.DescriptorProto, name: str, kind: str, path: str) -> str:
    entry = f"{name.title()}Entry"
    nested = message.nested_type.add(name=entry)
    nested.options.map_entry = True
    _fill(nested, f"key 1 string, value 2 {kind}", f"{path}.{entry}")
    return f"{path}.{entry}"


def _typed(field: descriptor_pb2.FieldDescriptorProto, kind: str) -> None:
    if kind in TYPES:
        field.type = TYPES[kind]
    else:
        field.type = Field.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{kind}"


# A pool of its own: a client's generated classes in the same process do not collide with it.
_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_described())


def message(name: str) -> Any:
    """The class of one message."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))
