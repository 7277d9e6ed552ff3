"""Looks at an HTTP endpoint that a team already runs, and changes nothing there."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field, HttpUrl, SecretStr

from apps.core.errors import Conflict
from apps.core.http import Http, Response
from apps.integrations.base import DESTINATION, Config, Connector
from apps.integrations.clusters.shapes import record
from apps.integrations.ports import Observed, Server, Workload

SERVICE = "The endpoint"
LONGEST_VERSION = 100
LOOKED_AT = 64 * 1024


class HttpEndpointConfig(Config):
    address: HttpUrl = Field(
        description="For example https://scores.example.org", json_schema_extra=DESTINATION
    )
    ping: str = Field(
        default="/ping",
        max_length=200,
        pattern=r"^/[\w./~-]*$",
        title="Path to look at",
        description="Answers 200 where the endpoint is well; nothing is sent to it but a GET.",
    )
    version_header: str = Field(
        default="x-served-version",
        max_length=100,
        pattern=r"^[\w-]*$",
        description="Header of its answer with the version that it serves.",
    )
    version_field: str = Field(
        default="",
        max_length=100,
        pattern=r"^[\w-]*$",
        description="Or the field of its answer, where that is a JSON object.",
    )
    token: SecretStr | None = Field(default=None, description="Bearer token, if it asks for one.")


class HttpEndpoint(Connector[HttpEndpointConfig]):
    """Whatever answers a GET and says which version it serves."""

    config_class = HttpEndpointConfig

    @cached_property
    def http(self) -> Http:
        token = self.config.token.get_secret_value() if self.config.token else None
        return Http(SERVICE, str(self.config.address).rstrip("/"), auth=token)

    def check(self) -> str:
        version = self._version(self._ping())
        if not version:
            raise Conflict(
                reason="version_header: the endpoint answers without it; name the header or field it uses."
            )
        return f"It answers and serves version {version}."

    def observe(self, workload: Workload) -> Observed | None:
        version = self._version(self._ping())
        server = Server(handle=str(self.config.address), ready=True)
        return Observed(servers=(server,), version=version or None)

    def _ping(self) -> Response:
        return self.http.request("GET", self.config.ping, limit_bytes=LOOKED_AT)

    def _version(self, answer: Response) -> str:
        """The version as the endpoint says it; empty where it says none."""
        found: object = answer.headers.get(self.config.version_header, "")
        if self.config.version_field:
            found = record(SERVICE, answer.json()).get(self.config.version_field)
        known = isinstance(found, str | int) and not isinstance(found, bool)
        return str(found).strip()[:LONGEST_VERSION] if known else ""
