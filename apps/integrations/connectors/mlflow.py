"""An MLflow server of somebody's own, on which projects may live."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Self

from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator

from apps.core.http import Absent, BadAnswer, Http
from apps.integrations.base import DESTINATION, Config, Connector
from apps.integrations.ports import TrackingAddress

SERVICE = "MLflow"
_TOKEN = re.compile(r"[\x21-\x7e]+")


class MlflowConfig(Config):
    url: HttpUrl = Field(
        description="The server's own address, as in MLFLOW_TRACKING_URI.",
        json_schema_extra=DESTINATION,
    )
    token: SecretStr | None = Field(
        default=None, description="Sent as a bearer token. Empty: by user and password, or openly."
    )
    user: str = Field(default="", max_length=200, description="Where it asks for a password.")
    password: SecretStr | None = None

    @field_validator("url")
    @classmethod
    def _is_bare(cls, url: HttpUrl) -> HttpUrl:
        if url.username or url.password or url.query or url.fragment:
            raise ValueError("write the address alone: no name, password, ? or #")
        return url

    @field_validator("token")
    @classmethod
    def _fits_a_header(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("write it without spaces and without letters beyond ASCII")
        return token

    @model_validator(mode="after")
    def _signs_in_one_way(self) -> Self:
        if self.token is not None and (self.user or self.password is not None):
            raise ValueError("token: leave it empty, or leave user and password empty")
        if bool(self.user) != (self.password is not None):
            raise ValueError("user: fill in user and password, both or neither")
        return self


class Mlflow(Connector[MlflowConfig]):
    """An MLflow server; the portal reads and writes what its projects log."""

    config_class = MlflowConfig

    @cached_property
    def http(self) -> Http:
        return Http(SERVICE, self.address.url, auth=self.address.auth)

    @property
    def address(self) -> TrackingAddress:
        """Where it answers, and how the portal signs in."""
        url = str(self.config.url).rstrip("/")
        if self.config.token is not None:
            return TrackingAddress(url, self.config.token.get_secret_value())
        if self.config.password is not None:
            return TrackingAddress(url, (self.config.user, self.config.password.get_secret_value()))
        return TrackingAddress(url)

    def has_workspaces(self) -> bool:
        """Whether the server keeps projects apart. One that cannot say so is too old to."""
        try:
            told = self.http.get("api/3.0/mlflow/server-info")
        except Absent:
            return False
        if not isinstance(told, dict):
            raise BadAnswer(service=SERVICE, reason="it is not what MLflow says")
        return told.get("workspaces_enabled") is True

    def check(self) -> str:
        if self.has_workspaces():
            self.http.get("api/3.0/mlflow/workspaces")
            return "It answers and keeps workspaces, so several projects can live there."
        self.http.get("api/2.0/mlflow/experiments/search", params={"max_results": 1})
        return "It answers and keeps no workspaces, so one project can live there."
