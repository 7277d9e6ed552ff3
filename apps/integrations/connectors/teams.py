"""Posts to a Microsoft Teams chat or channel through a workflow's webhook, as an Adaptive Card."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from apps.core.http import NEVER, Http
from apps.integrations.base import Config, Connector
from apps.integrations.ports import AlertNotice, Notice

CARD = "application/vnd.microsoft.card.adaptive"
SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
LONGEST_TITLE, LONGEST_TEXT, MOST_FACTS, LONGEST_FACT = 200, 4000, 15, 1000
MARKS = re.compile(r"([\\`*_{}\[\]()#+!|~>-])")
SECONDS = 20.0


class TeamsConfig(Config):
    url: SecretStr = Field(
        title="Workflow address",
        description="From the workflow “Send webhook alerts to a channel” in Teams.",
    )

    @field_validator("url")
    @classmethod
    def looks_right(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("enter the whole address, with https://")
        return value


class Teams(Connector[TeamsConfig]):
    """Workflows of Power Automate; the connectors of Office 365 that came before are retired."""

    config_class = TeamsConfig
    check_every = None  # a check is a card that people read

    @cached_property
    def http(self) -> Http:
        url = self.config.url.get_secret_value()
        return Http("Teams", url, retry=NEVER, limit_bytes=64 * 1024)

    def check(self) -> str:
        text = "Signalbox can post here. Nothing needs to be done."
        self._post(
            envelope(
                {"type": "AdaptiveCard", "$schema": SCHEMA, "version": "1.4", "body": [block(text)]}
            )
        )
        return "It took a test card."

    def notify(self, notice: Notice) -> None:
        self._post(message(notice))

    def _post(self, body: dict[str, Any]) -> None:
        query = f"?{found}" if (found := urlsplit(self.config.url.get_secret_value()).query) else ""
        self.http.request("POST", query, json=body, seconds=SECONDS)


def message(notice: Notice) -> dict[str, Any]:
    """The notice as a card with its facts and a way to the portal."""
    resolved = isinstance(notice, AlertNotice) and notice.resolved
    colour = "good" if resolved else "attention" if notice.urgent else "warning"
    title = block(notice.title[:LONGEST_TITLE], weight="bolder", size="medium", color=colour)
    body: list[dict[str, Any]] = [title, block(notice.text[:LONGEST_TEXT])]
    if isinstance(notice, AlertNotice) and notice.facts:
        facts = [
            {"title": name, "value": quiet(value[:LONGEST_FACT]) or "–"}
            for name, value in notice.facts[:MOST_FACTS]
        ]
        body.append({"type": "FactSet", "facts": facts})
    return envelope(
        {
            "type": "AdaptiveCard",
            "$schema": SCHEMA,
            "version": "1.4",
            "body": body,
            "actions": [
                {"type": "Action.OpenUrl", "title": "Open in Signalbox", "url": notice.url}
            ],
        }
    )


def envelope(card: dict[str, Any]) -> dict[str, Any]:
    attachment = {"contentType": CARD, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def block(text: str, **looks: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": quiet(text) or "–", "wrap": True, **looks}


def quiet(text: str) -> str:
    """Text in which the card's Markdown sees no link and no emphasis."""
    return MARKS.sub(r"\\\1", text)
