"""Wakes people through one Opsgenie integration, and hears what they do about it."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import quote

from pydantic import Field, HttpUrl, SecretStr

from apps.core.http import Http
from apps.integrations.answering import at, moment_at, reads, text_at, wanted
from apps.integrations.base import DESTINATION, GENERATED, PREVIOUS, Config, Connector
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

LONGEST_MESSAGE, LONGEST_DESCRIPTION = 130, 15_000
PRIORITIES = {"low": "P5", "medium": "P3", "high": "P2", "critical": "P1"}
BY_ID = {"identifierType": "id"}


class OpsgenieConfig(Config):
    address: HttpUrl = Field(
        default=HttpUrl("https://api.opsgenie.com"),
        description="https://api.eu.opsgenie.com in the EU region.",
        json_schema_extra=DESTINATION,
    )
    api_key: SecretStr = Field(
        title="API key", description="Of an API integration with read and create rights."
    )
    schedule: str = Field(
        default="", max_length=100, description="Whose people on call are shown: its name."
    )
    secret: SecretStr = Field(
        min_length=8,
        max_length=500,
        title="Webhook secret",
        description="Sent by the webhook integration as the header X-Webhook-Token. Empty: the portal makes one.",
        json_schema_extra=GENERATED,
    )
    previous_secret: SecretStr | None = Field(default=None, json_schema_extra=PREVIOUS)


class Opsgenie(Connector[OpsgenieConfig]):
    """The Alert API, version 2. It takes every request first and acts afterwards."""

    config_class = OpsgenieConfig
    settles_seconds = 60.0
    takes_notes = True

    @cached_property
    def http(self) -> Http:
        key = self.config.api_key.get_secret_value()
        address = str(self.config.address).rstrip("/")
        return Http("Opsgenie", f"{address}/v2", headers={"authorization": f"GenieKey {key}"})

    @reads("Opsgenie")
    def check(self) -> str:
        answer = self.http.get("alerts/count")
        count = wanted("Opsgenie", answer, "data.count", int)
        return f"Signed in; it counts {count} alerts."

    def trigger(self, alarm: Alarm) -> None:
        sent: dict[str, Any] = {
            "message": alarm.title[:LONGEST_MESSAGE],
            "alias": alarm.key,
            "description": f"{alarm.text}\n\n{alarm.url}"[:LONGEST_DESCRIPTION],
            "priority": PRIORITIES.get(alarm.severity, "P2"),
            "tags": ["signalbox"],
            "source": "Signalbox",
        }
        self._act("alerts", sent, {})

    @reads("Opsgenie")
    def find_alarm(self, key: str) -> AlarmState | None:
        query = {"query": f'alias: "{key}"', "sort": "createdAt", "order": "desc", "limit": 1}
        found = wanted("Opsgenie", self.http.get("alerts", params=query), "data", list)
        return self._state(found[0], key) if found else None

    def acknowledge(self, alarm: AlarmState, reason: str) -> None:
        self._act(f"alerts/{quote(alarm.id)}/acknowledge", {"source": "Signalbox"}, BY_ID)

    def resolve(self, alarm: AlarmState, reason: str) -> None:
        self._act(f"alerts/{quote(alarm.id)}/close", {"source": "Signalbox"}, BY_ID)

    def note(self, alarm: AlarmState, text: str) -> None:
        sent = {"note": text, "source": "Signalbox"}
        self._act(f"alerts/{quote(alarm.id)}/notes", sent, BY_ID)

    @reads("Opsgenie")
    def on_call(self) -> tuple[OnCall, ...]:
        if not self.config.schedule:
            return ()
        query = {"scheduleIdentifierType": "name", "flat": "true"}
        path = f"schedules/{quote(self.config.schedule, safe='')}/on-calls"
        answer = self.http.get(path, params=query)
        names = wanted("Opsgenie", answer, "data.onCallRecipients", list)
        return tuple(OnCall(str(name), self.config.schedule) for name in names)

    def keys_in(self, body: Any) -> tuple[str, ...]:
        names = (at(body, "alert.alias"), at(body, "alert.alertId"))
        return tuple(name for name in names if isinstance(name, str) and name)

    def verify(self, incoming: Incoming) -> Genuine:
        known = (self.config.secret, self.config.previous_secret)
        secrets = [secret.get_secret_value() for secret in known if secret]
        return verify(SCHEMES["header"], incoming, secrets=secrets)

    def _act(self, path: str, sent: dict[str, Any], query: dict[str, str]) -> None:
        """Ask for something; it is accepted now and done a moment later."""
        text_at("Opsgenie", self.http.post(path, json=sent, params=query), "requestId")

    def _state(self, row: dict[str, Any], key: str) -> AlarmState:
        number = text_at("Opsgenie", row, "id")
        closed, seen = row.get("status") == "closed", bool(row.get("acknowledged"))
        phase = Phase.DONE if closed else Phase.WORKING if seen else Phase.OPEN
        return AlarmState(
            key=key,
            id=number,
            url=f"https://app.opsgenie.com/alert/detail/{quote(number)}/details",
            title=str(row.get("message") or ""),
            status="closed" if closed else "acknowledged" if seen else "open",
            phase=phase,
            updated_at=moment_at("Opsgenie", row, "updatedAt"),
            notes=self._notes(number),
        )

    def _notes(self, number: str) -> tuple[RemoteComment, ...]:
        query = {**BY_ID, "limit": 100, "order": "asc"}
        answer = self.http.get(f"alerts/{quote(number)}/notes", params=query)
        return tuple(
            RemoteComment(
                id=text_at("Opsgenie", row, "offset"),  # a note has no other name
                text=str(row.get("note") or ""),
                author=str(row.get("owner") or "somebody"),
                at=moment_at("Opsgenie", row, "createdAt"),
            )
            for row in wanted("Opsgenie", answer, "data", list)
        )
