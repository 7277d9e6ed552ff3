"""Wakes people through one routing key of Splunk On-Call (VictorOps), and hears what they do about it."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import quote

from pydantic import Field, HttpUrl, SecretStr

from apps.core.http import Http
from apps.integrations.answering import at, moment_at, reads, text_at, wanted
from apps.integrations.base import DESTINATION, GENERATED, PREVIOUS, Config, Connector
from apps.integrations.ports import Alarm, AlarmState, Genuine, Incoming, OnCall, Phase
from apps.integrations.signatures import SCHEMES, verify

PHASES = {
    "triggered": Phase.OPEN, "unacked": Phase.OPEN,
    "acknowledged": Phase.WORKING, "acked": Phase.WORKING,
    "resolved": Phase.DONE,
}  # fmt: skip
MESSAGES = {"low": "WARNING", "medium": "WARNING", "high": "CRITICAL", "critical": "CRITICAL"}


class SplunkOnCallConfig(Config):
    alerts: HttpUrl = Field(
        default=HttpUrl("https://alert.victorops.com"),
        title="Alert address",
        json_schema_extra=DESTINATION,
    )
    api: HttpUrl = Field(
        default=HttpUrl("https://api.victorops.com"),
        title="API address",
        json_schema_extra=DESTINATION,
    )
    integration_key: SecretStr = Field(
        description="Of the REST endpoint: the part of its address after /alert/."
    )
    route: str = Field(
        pattern=r"^[A-Za-z0-9_.-]{1,80}$",
        title="Routing key",
        description="Which team is woken.",
    )
    api_id: str = Field(min_length=1, max_length=100, title="API id")
    api_key: SecretStr = Field(title="API key", description="Integrations, API.")
    secret: SecretStr = Field(
        min_length=8,
        max_length=500,
        title="Webhook secret",
        description="Sent by the outgoing webhook as the header X-Webhook-Token. Empty: the portal makes one.",
        json_schema_extra=GENERATED,
    )
    previous_secret: SecretStr | None = Field(default=None, json_schema_extra=PREVIOUS)


class SplunkOnCall(Connector[SplunkOnCallConfig]):
    """The REST endpoint for alerts, and the public API to look."""

    config_class = SplunkOnCallConfig
    settles_seconds = 0.0  # the same entity is the same incident
    takes_notes = False

    @cached_property
    def http(self) -> Http:
        headers = {
            "x-vo-api-id": self.config.api_id,
            "x-vo-api-key": self.config.api_key.get_secret_value(),
        }
        address = str(self.config.api).rstrip("/")
        return Http("Splunk On-Call", f"{address}/api-public/v1", headers=headers)

    @cached_property
    def _alerts(self) -> Http:
        address = str(self.config.alerts).rstrip("/")
        return Http("Splunk On-Call", f"{address}/integrations/generic/20131114/alert")

    @reads("Splunk On-Call")
    def check(self) -> str:
        answer = self.http.get("org/routing-keys")
        rows = wanted("Splunk On-Call", answer, "routingKeys", list)
        names = {row.get("routingKey") for row in rows}
        known = "is known" if self.config.route in names else "is not known: the default team wakes"
        return f"Signed in; the routing key {self.config.route} {known}."

    def trigger(self, alarm: Alarm) -> None:
        self._say(
            MESSAGES.get(alarm.severity, "CRITICAL"),
            alarm.key,
            entity_display_name=alarm.title,
            state_message=f"{alarm.text}\n\n{alarm.url}",
        )

    @reads("Splunk On-Call")
    def find_alarm(self, key: str) -> AlarmState | None:
        answer = self.http.get("incidents")
        rows = wanted("Splunk On-Call", answer, "incidents", list)
        mine = [row for row in rows if row.get("entityId") == key]
        newest = max(mine, key=lambda row: str(row.get("startTime", "")), default=None)
        return self._state(newest, key) if newest else None

    def acknowledge(self, alarm: AlarmState, reason: str) -> None:
        self._say("ACKNOWLEDGEMENT", alarm.key, state_message=reason)

    def resolve(self, alarm: AlarmState, reason: str) -> None:
        self._say("RECOVERY", alarm.key, state_message=reason)

    def note(self, alarm: AlarmState, text: str) -> None:
        """Its API takes no notes of others."""

    @reads("Splunk On-Call")
    def on_call(self) -> tuple[OnCall, ...]:
        answer = self.http.get("oncall/current")
        return tuple(
            OnCall(str(at(person, "onCalluser.username")), str(at(team, "team.name") or ""))
            for team in wanted("Splunk On-Call", answer, "teamsOnCall", list)
            for shift in team.get("oncallNow") or []
            for person in shift.get("users") or []
            if at(person, "onCalluser.username")
        )

    def keys_in(self, body: Any) -> tuple[str, ...]:
        names = (at(body, name) for name in ("entity_id", "incident_number", "ENTITY_ID"))
        return tuple(str(name) for name in names if name)

    def verify(self, incoming: Incoming) -> Genuine:
        known = (self.config.secret, self.config.previous_secret)
        secrets = [secret.get_secret_value() for secret in known if secret]
        return verify(SCHEMES["header"], incoming, secrets=secrets)

    def _say(self, kind: str, key: str, **more: str) -> None:
        secret = quote(self.config.integration_key.get_secret_value(), safe="")
        sent = {
            "message_type": kind,
            "entity_id": key,
            "monitoring_tool": "Signalbox",
            **{name: text for name, text in more.items() if text},
        }
        answer = self._alerts.post(f"{secret}/{quote(self.config.route)}", json=sent)
        text_at("Splunk On-Call", answer, "entity_id")

    def _state(self, row: dict[str, Any], key: str) -> AlarmState:
        status = text_at("Splunk On-Call", row, "currentPhase").lower()
        number = text_at("Splunk On-Call", row, "incidentNumber")
        return AlarmState(
            key=key,
            id=number,
            url=f"https://portal.victorops.com/client/-/incidents#/incident/{quote(number)}",
            title=str(row.get("service") or row.get("entityDisplayName") or ""),
            status=status,
            phase=PHASES.get(status, Phase.OPEN),
            updated_at=moment_at("Splunk On-Call", row, "startTime"),
        )
