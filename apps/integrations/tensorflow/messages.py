"""The messages that TensorFlow Serving's gRPC services speak. The numbers are the public protocol's.

All stand in one package here: on the wire a message has no package, and the paths of the calls are their own.
"""

from __future__ import annotations

from apps.core.protobuf import Messages

VERSIONS = "FileSystemStoragePathSourceConfig.ServableVersionPolicy"
MESSAGES = {
    "TensorShapeProto": "dim 2 *TensorShapeProto.Dim, unknown_rank 3 bool",
    "TensorShapeProto.Dim": "size 1 int64, name 2 string",
    "TensorProto": (
        "dtype 1 int32, tensor_shape 2 TensorShapeProto, tensor_content 4 bytes, half_val 13 *int32, "
        "float_val 5 *float, double_val 6 *double, int_val 7 *int32, string_val 8 *bytes, int64_val 10 *int64, "
        "bool_val 11 *bool, uint32_val 16 *uint32, uint64_val 17 *uint64"
    ),
    "Int64Value": "value 1 int64",
    "ModelSpec": "name 1 string, version 2 ?Int64Value, version_label 4 ?string, signature_name 3 string",
    "PredictRequest": "model_spec 1 ModelSpec, inputs 2 %TensorProto, output_filter 3 *string",
    "PredictResponse": "outputs 1 %TensorProto, model_spec 2 ModelSpec",
    "StatusProto": "error_code 1 int32, error_message 2 string",
    "GetModelStatusRequest": "model_spec 1 ModelSpec",
    "ModelVersionStatus": "version 1 int64, state 2 int32, status 3 StatusProto",
    "GetModelStatusResponse": "model_version_status 1 *ModelVersionStatus",
    "FileSystemStoragePathSourceConfig": "",
    VERSIONS: f"specific 102 ?{VERSIONS}.Specific",
    f"{VERSIONS}.Specific": "versions 1 *int64",
    "ModelConfig": (
        "name 1 string, base_path 2 string, model_platform 4 string, "
        f"model_version_policy 7 {VERSIONS}, version_labels 8 %int64"
    ),
    "ModelConfigList": "config 1 *ModelConfig",
    "ModelServerConfig": "model_config_list 1 ?ModelConfigList",
    "ReloadConfigRequest": "config 1 ModelServerConfig",
    "ReloadConfigResponse": "status 1 StatusProto",
}
message = Messages("signalbox.tensorflow", MESSAGES)
