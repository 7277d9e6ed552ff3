"""Reads series from New Relic with NRQL."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import Field, HttpUrl, SecretStr

from apps.core.http import BadAnswer, Http
from apps.integrations.base import DESTINATION, Config, Connector
from apps.integrations.clusters.shapes import items, part, record, text
from apps.integrations.ports import Sample
from apps.integrations.series import QueryRefused, SeveralSeries, checked, samples, stretches

SERVICE = "New Relic"
MOST_BUCKETS = 366  # of one TIMESERIES
OURS = re.compile(r"\b(SINCE|UNTIL|TIMESERIES|COMPARE\s+WITH|FACET)\b", re.IGNORECASE)
TEXTS = re.compile(r"'(?:[^'\\]|\\.)*'")
TIMES = frozenset({"beginTimeSeconds", "endTimeSeconds", "timestamp", "facet", "inspectedCount"})
ASKED = (
    "query($account: Int!, $nrql: Nrql!) "
    "{ actor { account(id: $account) { nrql(query: $nrql) { results } } } }"
)


class NewRelicConfig(Config):
    address: HttpUrl = Field(
        default=HttpUrl("https://api.newrelic.com"),
        description="In Europe https://api.eu.newrelic.com.",
        json_schema_extra=DESTINATION,
    )
    account: int = Field(gt=0, description="The number of the account that is asked.")
    api_key: SecretStr = Field(title="User key", description="API keys, type USER (NRAK-…).")


class NewRelic(Connector[NewRelicConfig]):
    """New Relic's NerdGraph."""

    config_class = NewRelicConfig

    @cached_property
    def http(self) -> Http:
        headers = {"api-key": self.config.api_key.get_secret_value()}
        return Http(SERVICE, str(self.config.address).rstrip("/"), headers=headers)

    def check(self) -> str:
        found = self._asked("SELECT 1 FROM Transaction LIMIT 1 SINCE 1 minute ago")
        return f"Account {self.config.account} answers NRQL ({len(found)} rows)."

    def series(
        self, query: str, *, since: datetime, until: datetime, step: timedelta
    ) -> list[Sample]:
        """The one series of an NRQL query, without SINCE, UNTIL, TIMESERIES: the portal adds them."""
        nrql = checked(query, since, until, step)
        if word := OURS.search(TEXTS.sub("''", nrql)):
            said = f"leave {word[0].upper()} out; the portal asks for the time itself, and for one series."
            raise QueryRefused(service="The portal", reason=said)
        points: list[tuple[float, float | None]] = []
        for begin, end in stretches(since, until, step * MOST_BUCKETS):
            points += [_point(each) for each in self._asked(_timed(nrql, begin, end, step))]
        return samples(points)

    def _asked(self, nrql: str) -> list[dict[str, Any]]:
        sent = {"query": ASKED, "variables": {"account": self.config.account, "nrql": nrql}}
        body = record(SERVICE, self.http.post("graphql", json=sent))
        if told := items(body, "errors"):
            raise QueryRefused(service=SERVICE, reason=text(told[0], "message")[:300])
        return items(part(body, "data", "actor", "account", "nrql"), "results")


def _timed(nrql: str, since: datetime, until: datetime, step: timedelta) -> str:
    begin, end = int(since.timestamp() * 1000), int(until.timestamp() * 1000)
    every = int(step.total_seconds())
    return f"{nrql} SINCE {begin} UNTIL {end} TIMESERIES {every} seconds"


def _point(row: dict[str, Any]) -> tuple[float, float | None]:
    """The only figure of a row; a percentile is an object with one figure."""
    at = row.get("beginTimeSeconds")
    if not isinstance(at, int | float):
        raise BadAnswer(service=SERVICE, reason="a row has no time")
    figures = [value for key, value in row.items() if key not in TIMES]
    if len(figures) == 1 and isinstance(figures[0], dict):
        figures = list(figures[0].values())
    if len(figures) > 1:
        raise SeveralSeries(service=SERVICE, count=len(figures), how="one function after SELECT")
    value = figures[0] if figures else None
    return float(at), float(value) if isinstance(value, int | float) else None
