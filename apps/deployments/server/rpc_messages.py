"""The messages of the Open Inference Protocol's gRPC service. The numbers are the public protocol's."""

from __future__ import annotations

from apps.core.protobuf import Messages

PACKAGE = "inference"
SERVICE = f"{PACKAGE}.GRPCInferenceService"

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
    "ModelMetadataResponse.TensorMetadata": DESCRIBED,
    "ModelInferRequest.InferInputTensor": TENSOR,
    "ModelInferRequest.InferRequestedOutputTensor": "name 1 string, parameters 2 %InferParameter",
    "ModelInferResponse.InferOutputTensor": TENSOR,
}

message = Messages(PACKAGE, MESSAGES)
