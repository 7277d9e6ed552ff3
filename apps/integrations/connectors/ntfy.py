"""Publishes to a topic of ntfy, on ntfy.sh or a server of your own."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import Field, HttpUrl, SecretStr

from apps.core.http import NEVER, Http
from apps.integrations.base import DESTINATION, Config, Connector
from apps.integrations.ports import AlertNotice, Notice

LONGEST_TITLE, LONGEST_TEXT = 200, 3500  # a message above 4096 octets would become a file
URGENT, HIGH, DEFAULT = 5, 4, 3
SECONDS = 10.0


class NtfyConfig(Config):
    server: HttpUrl = Field(
        default=HttpUrl("https://ntfy.sh"),
        title="Server",
        description="https://ntfy.sh, or your own.",
        json_schema_extra=DESTINATION,
    )
    topic: SecretStr = Field(
        title="Topic", description="Whoever knows it can read it, unless the server asks who reads."
    )
    token: SecretStr | None = Field(
        default=None, title="Access token", description="For a topic that is protected: tk_…"
    )


class Ntfy(Connector[NtfyConfig]):
    """Messages as JSON, with priority, tags and a way to the portal."""

    config_class = NtfyConfig
    check_every = None  # a check is a message that people read

    @cached_property
    def http(self) -> Http:
        token = self.config.token.get_secret_value() if self.config.token else None
        server = str(self.config.server).rstrip("/")
        return Http("ntfy", server, auth=token, retry=NEVER, limit_bytes=64 * 1024)

    def check(self) -> str:
        text = "Signalbox can publish here. Nothing needs to be done."
        self._post({"title": "Test", "message": text, "tags": ["white_check_mark"], "priority": 2})
        return "It took a test message."

    def notify(self, notice: Notice) -> None:
        self._post(message(notice))

    def _post(self, body: dict[str, Any]) -> None:
        topic = self.config.topic.get_secret_value()
        self.http.request("POST", "", json={"topic": topic, **body}, seconds=SECONDS)


def message(notice: Notice) -> dict[str, Any]:
    """The notice as ntfy publishes JSON. Source: docs.ntfy.sh/publish, "Publish as JSON"."""
    resolved = isinstance(notice, AlertNotice) and notice.resolved
    priority = DEFAULT if resolved else URGENT if notice.urgent else HIGH
    found: dict[str, Any] = {
        "title": notice.title[:LONGEST_TITLE],
        "message": _text(notice)[:LONGEST_TEXT],
        "priority": priority,
        "tags": ["white_check_mark"] if resolved else ["rotating_light"],
    }
    if notice.url:
        found["click"] = notice.url
        found["actions"] = [{"action": "view", "label": "Open in Signalbox", "url": notice.url}]
    return found


def _text(notice: Notice) -> str:
    facts = notice.facts if isinstance(notice, AlertNotice) else ()
    return "\n".join([notice.text or "–", *(f"{name}: {value}" for name, value in facts)])
