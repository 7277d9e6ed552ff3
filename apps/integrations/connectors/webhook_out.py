"""Sends the portal's events as the Standard Webhooks ask for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import Field, HttpUrl, SecretStr, field_validator

from apps.core.http import NEVER, Http, Tls, redact
from apps.integrations.base import GENERATED, LONG, PREVIOUS, Config, Connector
from apps.integrations.ports import Message, Receipt
from apps.integrations.signatures import sign

EXCERPT = 500  # characters of the receiver's answer that are kept
SECONDS = 15.0  # for the receiver to take a message


class WebhookOutConfig(Config):
    url: HttpUrl = Field(title="Address", description="Where the events are posted to.")
    verbs: tuple[str, ...] = Field(
        default=("*",),
        min_length=1,
        max_length=50,
        title="Events",
        description="One per line: incidents.opened, incidents.* for all of a room, * for all.",
    )
    secret: SecretStr = Field(
        min_length=16,
        max_length=500,
        title="Signing secret",
        description="Leave it empty and the portal makes one. The receiver checks with it.",
        json_schema_extra=GENERATED,
    )
    previous_secret: SecretStr | None = Field(default=None, json_schema_extra=PREVIOUS)
    certificate: str = Field(
        default="",
        max_length=20_000,
        title="Authority's certificate",
        description="PEM text, if the receiver's certificate comes from an authority of your own.",
        json_schema_extra=LONG,
    )

    @field_validator("verbs")
    @classmethod
    def patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            stem = pattern.removesuffix("*")
            if not stem.replace(".", "").replace("_", "").isalnum() and pattern != "*":
                raise ValueError(f"{pattern!r} is not an event such as incidents.opened")
        return value


class WebhookOut(Connector[WebhookOutConfig]):
    """Posts one message after the other; its deliveries show whether the receiver is well."""

    config_class = WebhookOutConfig
    check_every = None

    @cached_property
    def http(self) -> Http:
        return Http(
            "The webhook's receiver",
            str(self.config.url),
            tls=Tls(ca=self.config.certificate or None),
            retry=NEVER,
            limit_bytes=64 * 1024,
        )

    def check(self) -> str:
        found = Message(f"msg_{uuid4().hex}", "connection.tested", datetime.now(UTC), {})
        receipt = self.send(found)
        return f"It took a signed test message and answered {receipt.status}."

    def wants(self, verb: str) -> bool:
        return any(
            verb == pattern or (pattern.endswith("*") and verb.startswith(pattern[:-1]))
            for pattern in self.config.verbs
        )

    def send(self, message: Message) -> Receipt:
        body = json.dumps(
            {"type": message.kind, "timestamp": message.at.isoformat(), "data": dict(message.data)}
        ).encode()
        moment = str(int(datetime.now(UTC).timestamp()))
        headers = {
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": moment,
            "webhook-signature": sign(message.id, moment, body, secrets=self._secrets()),
        }
        query = f"?{found}" if (found := urlsplit(str(self.config.url)).query) else ""
        answer = self.http.request("POST", query, content=body, headers=headers, seconds=SECONDS)
        text = answer.content[: EXCERPT * 4].decode(errors="replace")
        return Receipt(answer.status, redact(text)[:EXCERPT])

    def _secrets(self) -> list[str]:
        both = (self.config.secret, self.config.previous_secret)
        return [secret.get_secret_value() for secret in both if secret]
