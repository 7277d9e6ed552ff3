"""Posts to a Slack channel through an incoming webhook, as Block Kit."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import Field, SecretStr, field_validator

from apps.core.http import NEVER, Http
from apps.integrations.base import Config, Connector
from apps.integrations.ports import AlertNotice, Notice

LONGEST_HEADER, LONGEST_TEXT, MOST_FIELDS, LONGEST_FIELD = 150, 2900, 10, 1900
SECONDS = 15.0


class SlackConfig(Config):
    url: SecretStr = Field(
        title="Webhook address",
        description="https://hooks.slack.com/services/…, from Slack's page Incoming Webhooks.",
    )

    @field_validator("url")
    @classmethod
    def looks_right(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("enter the whole address, with https://")
        return value


class Slack(Connector[SlackConfig]):
    """Slack's incoming webhooks; each belongs to one channel."""

    config_class = SlackConfig
    check_every = None  # a check is a message that people read

    @cached_property
    def http(self) -> Http:
        return Http("Slack", self.config.url.get_secret_value(), retry=NEVER, limit_bytes=64 * 1024)

    def check(self) -> str:
        text = "Signalbox can post here. Nothing needs to be done."
        self._post({"text": text, "blocks": [section(text)]})
        return "It took a test message."

    def notify(self, notice: Notice) -> None:
        self._post(message(notice))

    def _post(self, body: dict[str, Any]) -> None:
        self.http.request("POST", "", json=body, seconds=SECONDS)


def message(notice: Notice) -> dict[str, Any]:
    """The notice as blocks; `text` is what a phone shows."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain(notice.title[:LONGEST_HEADER])},
        section(notice.text),
    ]
    if isinstance(notice, AlertNotice) and notice.facts:
        blocks.append(
            {"type": "section", "fields": [fact(*each) for each in notice.facts][:MOST_FIELDS]}
        )
    button = {"type": "button", "text": plain("Open in Signalbox"), "url": notice.url}
    if notice.urgent:
        button["style"] = "danger"
    blocks.append({"type": "actions", "elements": [button]})
    return {"text": escaped(f"{notice.title} – {notice.text}"[:LONGEST_TEXT]), "blocks": blocks}


def section(text: str) -> dict[str, Any]:
    return {
        "type": "section",
        "text": {"type": "mrkdwn", "text": escaped(text[:LONGEST_TEXT]) or "–"},
    }


def fact(name: str, value: str) -> dict[str, str]:
    text = f"*{escaped(name)}*\n{escaped(value[:LONGEST_FIELD]) or '–'}"
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text or "–", "emoji": False}


def escaped(text: str) -> str:
    """Text in which Slack sees no mention and no link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
