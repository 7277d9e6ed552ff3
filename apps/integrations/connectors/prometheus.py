"""Reads series from Prometheus, or whatever speaks its HTTP API, and writes to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import Field, HttpUrl, SecretStr

from apps.core.http import Http
from apps.integrations import remote_wire
from apps.integrations.base import DESTINATION, Config, Connector
from apps.integrations.clusters.shapes import items, part, record, text
from apps.integrations.ports import Line, Sample
from apps.integrations.series import QueryRefused, SeveralSeries, checked, pairs, samples

SERVICE = "Prometheus"
SAYS_WHY = (400, 422, 503)  # statuses whose body says what is wrong with the query


class PrometheusConfig(Config):
    address: HttpUrl = Field(
        description="For example https://prometheus.example.org, with the prefix if there is one.",
        json_schema_extra=DESTINATION,
    )
    username: str = Field(default="", max_length=200, description="For basic authentication.")
    password: SecretStr | None = Field(default=None)
    token: SecretStr | None = Field(default=None, description="Or a bearer token.")
    tenant: str = Field(
        default="",
        max_length=200,
        pattern=r"^[\w.|-]*$",
        description="Sent as X-Scope-OrgID, where Mimir, Cortex or Thanos asks for it.",
    )
    write: bool = Field(
        default=False,
        title="Write the portal's figures",
        description="Every minute, by remote write: what monitors measure, alerts, error budgets.",
    )
    write_path: str = Field(
        default="/api/v1/write",
        max_length=200,
        pattern=r"^/[\w./~-]*$",
        title="Path of remote write",
        description="Prometheus itself takes writes with --web.enable-remote-write-receiver.",
    )


class Prometheus(Connector[PrometheusConfig]):
    """Prometheus' HTTP API, version 1, and its remote write."""

    config_class = PrometheusConfig

    @cached_property
    def http(self) -> Http:
        config = self.config
        auth: tuple[str, str] | str | None = None
        if config.username and config.password:
            auth = (config.username, config.password.get_secret_value())
        elif config.token:
            auth = config.token.get_secret_value()
        headers = {"x-scope-orgid": config.tenant} if config.tenant else None
        return Http(SERVICE, str(config.address).rstrip("/"), auth=auth, headers=headers)

    def check(self) -> str:
        found = self._asked("api/v1/query", {"query": "vector(1)"})
        return f"It answers PromQL ({text(found, 'resultType') or 'nothing'})."

    def series(
        self, query: str, *, since: datetime, until: datetime, step: timedelta
    ) -> list[Sample]:
        """The one series of a PromQL expression, from `query_range`."""
        asked = {
            "query": checked(query, since, until, step),
            "start": f"{since.timestamp():.3f}",
            "end": f"{until.timestamp():.3f}",
            "step": f"{step.total_seconds():g}",
        }
        found = items(self._asked("api/v1/query_range", asked), "result")
        if len(found) > 1:
            raise SeveralSeries(service=SERVICE, count=len(found), how="sum(…)")
        return samples(pairs(SERVICE, found[0].get("values"))) if found else []

    @property
    def wants_metrics(self) -> bool:
        return self.config.write

    def push(self, lines: Sequence[Line]) -> None:
        """Write samples by remote write; Prometheus refuses all where one is older than what it has."""
        if lines:
            self.http.request(
                "POST",
                self.config.write_path.lstrip("/"),
                content=remote_wire.request(lines),
                headers=remote_wire.HEADERS,
            )

    def _asked(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        answer = self.http.request("GET", path, params=params, accept=SAYS_WHY)
        body = record(SERVICE, answer.json())
        if text(body, "status") != "success":
            raise QueryRefused(
                service=SERVICE, reason=text(body, "error")[:300] or "no reason given"
            )
        return part(body, "data")
