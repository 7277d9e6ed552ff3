"""Wakes people through one PagerDuty service, and hears what they do about it."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field, HttpUrl, SecretStr

from apps.core.http import Http
from apps.integrations.answering import at, moment_at, reads, text_at, wanted
from apps.integrations.base import DESTINATION, PREVIOUS, Config, Connector
from apps.integrations.ports import (
    Alarm,
    AlarmState,
    Genuine,
    Incoming,
    OnCall,
    Phase,
    RemoteComment,
)
from apps.integrations.signatures import SCHEMES, verify

LONGEST_SUMMARY = 1024
PHASES = {"triggered": Phase.OPEN, "acknowledged": Phase.WORKING, "resolved": Phase.DONE}
SEVERITIES = {"low": "info", "medium": "warning", "high": "error", "critical": "critical"}
VERSION = "application/vnd.pagerduty+json;version=2"


class PagerDutyConfig(Config):
    events: HttpUrl = Field(
        default=HttpUrl("https://events.pagerduty.com"),
        title="Events address",
        description="https://events.eu.pagerduty.com in the EU region.",
        json_schema_extra=DESTINATION,
    )
    api: HttpUrl = Field(
        default=HttpUrl("https://api.pagerduty.com"),
        title="API address",
        description="https://api.eu.pagerduty.com in the EU region.",
        json_schema_extra=DESTINATION,
    )
    routing_key: SecretStr = Field(
        title="Integration key", description="Of the integration Events API v2 of the service."
    )
    api_token: SecretStr = Field(title="API token", description="Integrations, API access keys.")
    email: str = Field(
        min_length=3, max_length=200, description="Of the PagerDuty user in whose name notes stand."
    )
    escalation_policy: str = Field(
        default="",
        max_length=40,
        pattern=r"^[A-Z0-9]*$",
        description="Id of the policy whose people on call are shown.",
    )
    # PagerDuty makes this one itself, when the subscription is added.
    secret: SecretStr | None = Field(
        default=None,
        title="Webhook secret",
        description="Shown once by PagerDuty when the V3 webhook is added.",
    )
    previous_secret: SecretStr | None = Field(default=None, json_schema_extra=PREVIOUS)


class PagerDuty(Connector[PagerDutyConfig]):
    """Events API v2 to trigger, acknowledge and resolve; REST API v2 to look, note and ask who is on call."""

    config_class = PagerDutyConfig
    settles_seconds = (
        0.0  # the same dedup key is the same incident, so a repeated trigger opens none
    )
    takes_notes = True

    @cached_property
    def http(self) -> Http:
        token = self.config.api_token.get_secret_value()
        headers = {
            "authorization": f"Token token={token}",
            "accept": VERSION,
            "from": self.config.email,
        }
        return Http("PagerDuty", str(self.config.api).rstrip("/"), headers=headers)

    @cached_property
    def _events(self) -> Http:
        return Http("PagerDuty", str(self.config.events).rstrip("/"))

    @reads("PagerDuty")
    def check(self) -> str:
        answer = self.http.get("abilities")
        wanted("PagerDuty", answer, "abilities", list)
        return "Signed in. Whether the integration key is right shows the first alarm."

    def trigger(self, alarm: Alarm) -> None:
        payload = {
            "summary": alarm.title[:LONGEST_SUMMARY],
            "source": "Signalbox",
            "severity": SEVERITIES.get(alarm.severity, "error"),
            "custom_details": {"evidence": alarm.text},
        }
        links = [{"href": alarm.url, "text": "Incident in Signalbox"}] if alarm.url else []
        more = {"payload": payload, "client": "Signalbox", "client_url": alarm.url, "links": links}
        self._event("trigger", alarm.key, **more)

    @reads("PagerDuty")
    def find_alarm(self, key: str) -> AlarmState | None:
        query = {
            "incident_key": key,
            "date_range": "all",
            "statuses[]": ["triggered", "acknowledged", "resolved"],
            "sort_by": "created_at:desc",
            "limit": 1,
        }
        found = wanted("PagerDuty", self.http.get("incidents", params=query), "incidents", list)
        return self._state(found[0], key) if found else None

    def acknowledge(self, alarm: AlarmState, reason: str) -> None:
        self._event("acknowledge", alarm.key)

    def resolve(self, alarm: AlarmState, reason: str) -> None:
        self._event("resolve", alarm.key)

    def note(self, alarm: AlarmState, text: str) -> None:
        self.http.post(f"incidents/{quote(alarm.id)}/notes", json={"note": {"content": text}})

    @reads("PagerDuty")
    def on_call(self) -> tuple[OnCall, ...]:
        query: dict[str, Any] = {"earliest": "true", "limit": 100}
        if self.config.escalation_policy:
            query["escalation_policy_ids[]"] = [self.config.escalation_policy]
        found = wanted("PagerDuty", self.http.get("oncalls", params=query), "oncalls", list)
        return tuple(
            OnCall(
                text_at("PagerDuty", row, "user.summary"),
                at(row, "schedule.summary") or at(row, "escalation_policy.summary") or "",
            )
            for row in found
        )

    def keys_in(self, body: Any) -> tuple[str, ...]:
        names = (
            at(body, f"event.data.{path}")
            for path in ("incident_key", "incident.incident_key", "id", "incident.id")
        )
        return tuple(name for name in names if isinstance(name, str) and name)

    def verify(self, incoming: Incoming) -> Genuine:
        known = (self.config.secret, self.config.previous_secret)
        secrets = [secret.get_secret_value() for secret in known if secret]
        return verify(SCHEMES["pagerduty"], incoming, secrets=secrets)

    def _event(
        self, action: Literal["trigger", "acknowledge", "resolve"], key: str, **more: Any
    ) -> None:
        sent = {
            "routing_key": self.config.routing_key.get_secret_value(),
            "event_action": action,
            "dedup_key": key,
            **more,
        }
        wanted("PagerDuty", self._events.post("v2/enqueue", json=sent), "status", str)

    def _state(self, row: dict[str, Any], key: str) -> AlarmState:
        status = text_at("PagerDuty", row, "status")
        changed = "last_status_change_at" if row.get("last_status_change_at") else "created_at"
        number = text_at("PagerDuty", row, "id")
        return AlarmState(
            key=key,
            id=number,
            url=str(row.get("html_url") or ""),
            title=str(row.get("title") or ""),
            status=status,
            phase=PHASES.get(status, Phase.OPEN),
            updated_at=moment_at("PagerDuty", row, changed),
            notes=self._notes(number),
        )

    def _notes(self, number: str) -> tuple[RemoteComment, ...]:
        answer = self.http.get(f"incidents/{quote(number)}/notes")
        return tuple(
            RemoteComment(
                id=text_at("PagerDuty", row, "id"),
                text=str(row.get("content") or ""),
                author=at(row, "user.summary") or "somebody",
                at=moment_at("PagerDuty", row, "created_at"),
            )
            for row in wanted("PagerDuty", answer, "notes", list)
        )
