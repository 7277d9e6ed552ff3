"""Reads series from Datadog."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import Field, HttpUrl, SecretStr

from apps.core.http import Http
from apps.integrations.base import DESTINATION, Config, Connector
from apps.integrations.clusters.shapes import items, record, text
from apps.integrations.ports import Sample
from apps.integrations.series import QueryRefused, SeveralSeries, binned, checked, pairs, samples

SERVICE = "Datadog"


class DatadogConfig(Config):
    address: HttpUrl = Field(
        default=HttpUrl("https://api.datadoghq.com"),
        description="The API of your site, such as https://api.datadoghq.eu.",
        json_schema_extra=DESTINATION,
    )
    api_key: SecretStr = Field(title="API key", description="Organization settings, API keys.")
    application_key: SecretStr = Field(
        description="Organization settings, Application keys; scope timeseries_query."
    )


class Datadog(Connector[DatadogConfig]):
    """Datadog's API, version 1."""

    config_class = DatadogConfig

    @cached_property
    def http(self) -> Http:
        headers = {
            "dd-api-key": self.config.api_key.get_secret_value(),
            "dd-application-key": self.config.application_key.get_secret_value(),
        }
        return Http(SERVICE, str(self.config.address).rstrip("/"), headers=headers)

    def check(self) -> str:
        if record(SERVICE, self.http.get("api/v1/validate")).get("valid") is not True:
            raise QueryRefused(service=SERVICE, reason="the API key is not valid.")
        return "The API key is valid; the application key is tried by the first query."

    def series(
        self, query: str, *, since: datetime, until: datetime, step: timedelta
    ) -> list[Sample]:
        """The one series of a metrics query; Datadog's own interval is averaged into steps."""
        asked = {
            "query": checked(query, since, until, step),
            "from": int(since.timestamp()),
            "to": int(until.timestamp()),
        }
        answer = self.http.request("GET", "api/v1/query", params=asked, accept=(400,))
        body = record(SERVICE, answer.json())
        if answer.status == 400 or text(body, "status") == "error":
            raise QueryRefused(service=SERVICE, reason=_why(body))
        found = items(body, "series")
        if len(found) > 1:
            raise SeveralSeries(service=SERVICE, count=len(found), how="no “by {…}” in the query")
        points = samples(_points(found[0])) if found else []
        return binned(points, since, step)


def _why(body: dict[str, Any]) -> str:
    told = body.get("errors")
    lines = [str(each) for each in told] if isinstance(told, list) else []
    return "; ".join([*lines, text(body, "error")])[:300].strip("; ") or "no reason given"


def _points(series: dict[str, Any]) -> list[tuple[float, float | None]]:
    """Milliseconds to seconds; a point without a value is a gap."""
    return [(at / 1000, value) for at, value in pairs(SERVICE, series.get("pointlist"))]
