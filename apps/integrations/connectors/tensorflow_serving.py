"""Looks at TensorFlow Serving and scores with it, over its REST, or its gRPC for scores."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import quote

from pydantic import Field, HttpUrl, SecretStr

from apps.core.http import Absent, BadAnswer, Http
from apps.integrations.base import DESTINATION, Config, Connector
from apps.integrations.clusters.shapes import Json, items, part, record, text
from apps.integrations.ports import Observed, Server, Workload
from apps.integrations.tensorflow import tensors
from apps.integrations.tensorflow.calls import SERVICE, Calls, calls_to

AVAILABLE = "AVAILABLE"


class TensorflowServingConfig(Config):
    address: HttpUrl = Field(
        description="Its REST, for example http://tf.example.org:8501",
        json_schema_extra=DESTINATION,
    )
    token: SecretStr | None = Field(
        default=None, description="Bearer token, where a gateway in front of it asks for one."
    )
    model: str = Field(
        default="",
        max_length=256,
        pattern=r"^[\w.-]*$",
        title="Model there",
        description="Its name in the server's model config. Empty: as it is called here.",
    )
    label: str = Field(
        default="",
        max_length=100,
        pattern=r"^[\w.-]*$",
        title="Version label",
        description="Of the server's model config, for example stable. Empty: the newest that it serves.",
    )
    grpc: HttpUrl | None = Field(
        default=None,
        title="gRPC",
        description="Its gRPC, for example http://tf.example.org:8500: scores then go there.",
        json_schema_extra=DESTINATION,
    )


class TensorflowServing(Connector[TensorflowServingConfig]):
    """A server that loads what lies in its model folder; the portal compares and scores."""

    config_class = TensorflowServingConfig

    @cached_property
    def http(self) -> Http:
        token = self.config.token.get_secret_value() if self.config.token else None
        return Http(SERVICE, f"{str(self.config.address).rstrip('/')}/v1", auth=token)

    def check(self) -> str:
        if not self.config.model:
            return self._answers_at_all()
        versions = self._versions(self.config.model)
        named = ", ".join(f"{text(each, 'version')} ({_state(each)})" for each in versions)
        return f"It serves {self.config.model}: version {named or 'none'}."

    def observe(self, workload: Workload) -> Observed | None:
        try:
            found = self._versions(self._name(workload), self.config.label)
        except Absent:
            return None
        serving = [each for each in found if each.get("state") == AVAILABLE]
        serving.sort(key=_number)
        newest = serving[-1] if serving else None
        servers = tuple(
            Server(handle=text(each, "version"), ready=each is newest, note=_state(each))
            for each in found
        )
        version = text(newest, "version") if newest else "none"
        return Observed(servers=servers[-1:], version=version)

    def signature(self, model: str) -> Json:
        """The inputs and outputs of the model, by signature."""
        told = record(SERVICE, self.http.get(f"models/{quote(model, safe='')}/metadata"))
        return part(told, "metadata", "signature_def", "signature_def")

    @cached_property
    def calls(self) -> Calls | None:
        """Its gRPC, where the connection names it."""
        return calls_to(self.config.grpc, self.config.token) if self.config.grpc else None

    def score(self, model: str, rows: list[Any], *, version: str = "") -> list[Any]:
        if self.calls is not None:
            return self._score_by_rpc(self.calls, model, rows, version)
        where = self._where(model, version)
        told = record(SERVICE, self.http.post(f"{where}:predict", json={"instances": rows}))
        answers = told.get("predictions")
        if not isinstance(answers, list) or len(answers) != len(rows):
            raise BadAnswer(service=SERVICE, reason="it is not one prediction for each row")
        return answers

    def _score_by_rpc(self, calls: Calls, model: str, rows: list[Any], version: str) -> list[Any]:
        signature = part(self.signature(model), "serving_default", "inputs")
        inputs = tensors.of_rows(
            rows, {name: text(part(signature, name), "dtype") for name in signature}
        )
        number = int(version) if version.isdecimal() else None
        told = calls.predict(model, inputs, version=number, label=self.config.label)
        return tensors.rows_of(told, len(rows), SERVICE)

    def _name(self, workload: Workload) -> str:
        return self.config.model or workload.model

    def _where(self, model: str, version: str) -> str:
        where = f"models/{quote(model, safe='')}"
        if version:
            return f"{where}/versions/{quote(version, safe='')}"
        return f"{where}/labels/{quote(self.config.label, safe='')}" if self.config.label else where

    def _versions(self, model: str, label: str = "") -> list[Json]:
        where = f"models/{quote(model, safe='')}"
        path = f"{where}/labels/{quote(label, safe='')}" if label else where
        return items(record(SERVICE, self.http.get(path)), "model_version_status")

    def _answers_at_all(self) -> str:
        """Without a model there is only the question whether somebody speaks this REST."""
        answer = self.http.request("GET", "models/signalbox-looks", accept=[404])
        told = record(SERVICE, answer.json())
        if answer.status == 404 and not text(told, "error"):
            raise BadAnswer(service=SERVICE, reason="it is not how TensorFlow Serving says no")
        return "It answers. Name a model to see its versions."


def _number(each: Json) -> int:
    given = text(each, "version")
    return int(given) if given.isdecimal() else -1


def _state(each: Json) -> str:
    said = text(part(each, "status"), "error_message")
    state = text(each, "state").lower() or "unknown"
    return f"{state}: {said}"[:300] if said else state
