"""TensorFlow Serving's gRPC calls: bounded in time and size, to an address that the guard permits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import HttpUrl, SecretStr

from apps.core.http import Absent, BadAnswer, Busy, Denied, Refused, Unreachable, permitted
from apps.core.late import late
from apps.integrations.errors import ExtraMissing
from apps.integrations.tensorflow import tensors
from apps.integrations.tensorflow.messages import message

grpc = late("grpc")

SERVICE = "TensorFlow Serving"
SECONDS = 20.0
MOST_BYTES = 64 * 1024 * 1024
PREDICT = "/tensorflow.serving.PredictionService/Predict"
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
KINDS = {
    "NOT_FOUND": (Absent, 404),
    "UNAUTHENTICATED": (Denied, 401),
    "PERMISSION_DENIED": (Denied, 403),
    "RESOURCE_EXHAUSTED": (Busy, 429),
}
STATES = {0: "UNKNOWN", 10: "START", 20: "LOADING", 30: "AVAILABLE", 40: "UNLOADING", 50: "END"}


@dataclass(frozen=True, slots=True)
class Version:
    """One version as the server has it; `said` is why it failed, where it did."""

    number: int
    state: str
    said: str


class Calls:
    """One server's gRPC port; `tls` where a proxy in front of it speaks TLS."""

    def __init__(self, host: str, port: int, *, tls: bool = False, token: str = "") -> None:
        self.host, self.port, self.tls, self.token = host, port, tls, token

    def predict(
        self, model: str, inputs: Mapping[str, Any], *, version: int | None = None, label: str = ""
    ) -> dict[str, list[Any]]:
        """The outputs by name; `inputs` are tensors of `tensors.packed` by name."""
        asked = message("PredictRequest")(model_spec=_spec(model, version, label))
        for name, tensor in inputs.items():
            asked.inputs[name].CopyFrom(tensor)
        told = self._call(PREDICT, asked, "PredictResponse")
        return {name: tensors.unpacked(value, SERVICE) for name, value in told.outputs.items()}

    def versions(self, model: str, label: str = "") -> list[Version]:
        """The versions of a model, or the one that a label points at."""
        asked = message("GetModelStatusRequest")(model_spec=_spec(model, None, label))
        told = self._call(STATUS, asked, "GetModelStatusResponse")
        return [
            Version(
                each.version, STATES.get(each.state, "UNKNOWN"), each.status.error_message[:300]
            )
            for each in told.model_version_status
        ]

    def configure(
        self, model: str, base_path: str, *, versions: Sequence[int], labels: Mapping[str, int]
    ) -> None:
        """Let the server serve these versions of this one model, and nothing else."""
        asked = message("ReloadConfigRequest")()
        config = asked.config.model_config_list.config.add(
            name=model, base_path=base_path, model_platform="tensorflow", version_labels=labels
        )
        config.model_version_policy.specific.versions.extend(versions)
        told = self._call(RELOAD, asked, "ReloadConfigResponse")
        if told.status.error_code:
            said = f": {told.status.error_message[:300]}"
            raise Refused(service=SERVICE, answered=told.status.error_code, said=said)

    def _call(self, path: str, asked: Any, answer: str) -> Any:
        address = permitted(SERVICE, self.host, self.port)[0]
        with self._channel(address) as channel:
            call = channel.unary_unary(
                path,
                request_serializer=lambda sent: sent.SerializeToString(),
                response_deserializer=message(answer).FromString,
            )
            try:
                return call(asked, timeout=SECONDS, metadata=self._metadata())
            except grpc.RpcError as error:
                raise _translated(error) from error

    def _channel(self, address: str) -> Any:
        """A channel to the address that was checked; the name is kept for TLS."""
        where = f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"
        options = [
            ("grpc.max_receive_message_length", MOST_BYTES),
            ("grpc.enable_http_proxy", 0),
            ("grpc.default_authority", self.host),
        ]
        try:
            if not self.tls:
                return grpc.insecure_channel(where, options)
            options.append(("grpc.ssl_target_name_override", self.host))
            return grpc.secure_channel(where, grpc.ssl_channel_credentials(), options)
        except ModuleNotFoundError as error:
            raise ExtraMissing(service=SERVICE, extra="grpc") from error

    def _metadata(self) -> list[tuple[str, str]]:
        return [("authorization", f"Bearer {self.token}")] if self.token else []


def calls_to(address: HttpUrl, token: SecretStr | None) -> Calls:
    """The calls of the server at `http://host:port`; https where a proxy in front speaks TLS."""
    tls = address.scheme == "https"
    secret = token.get_secret_value() if token else ""
    return Calls(address.host or "", address.port or 8500, tls=tls, token=secret)


def _spec(model: str, version: int | None, label: str) -> Any:
    spec = message("ModelSpec")(name=model)
    if version is not None:
        spec.version.value = version
    elif label:
        spec.version_label = label
    return spec


def _translated(error: Any) -> Exception:
    """gRPC's status as the door out says it, with the HTTP status that gRPC's own mapping names."""
    code, said = error.code().name, (error.details() or "")[:300]
    if code in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}:
        return Unreachable(service=SERVICE, reason=said or code)
    if code in {"INTERNAL", "UNIMPLEMENTED"}:
        return BadAnswer(service=SERVICE, reason=said or code)
    kind, answered = KINDS.get(code, (Refused, 400))
    return kind(service=SERVICE, answered=answered, said=f": {said}")
