"""Verifies what other systems send to `/hooks/<connection>/`."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from apps.integrations.base import GENERATED, PREVIOUS, Config, Connector
from apps.integrations.ports import Genuine, Incoming
from apps.integrations.signatures import SCHEMES, Proof, Scheme, verify

HEADER = r"^[A-Za-z0-9-]*$"
SENDERS = {key: scheme.label for key, scheme in SCHEMES.items()}


class WebhookInConfig(Config):
    sender: str = Field(
        description="Decides which header is checked, and how.",
        json_schema_extra={"enum": [*SENDERS], "choices": {**SENDERS}},
    )
    username: str = Field(
        default="", max_length=100, title="User name", description="For Basic only."
    )
    header: str = Field(
        default="",
        max_length=100,
        pattern=HEADER,
        description="Only where your sender does not use its usual header.",
    )
    timestamp_header: str = Field(
        default="",
        max_length=100,
        pattern=HEADER,
        description="The same for the header with the time that is signed.",
    )
    secret: SecretStr = Field(
        min_length=8,
        max_length=500,
        description="Leave it empty and the portal makes one. Enter it if your sender makes it.",
        json_schema_extra=GENERATED,
    )
    previous_secret: SecretStr | None = Field(default=None, json_schema_extra=PREVIOUS)

    @field_validator("sender")
    @classmethod
    def known(cls, value: str) -> str:
        if value not in SCHEMES:
            raise ValueError(f"choose one of {', '.join(SCHEMES)}")
        return value

    @model_validator(mode="after")
    def complete(self) -> Self:
        if SCHEMES[self.sender].proof == Proof.BASIC and not self.username:
            raise ValueError("username: Basic needs a user name")
        return self


class WebhookIn(Connector[WebhookInConfig]):
    """Listens; there is nothing it could check by itself."""

    config_class = WebhookInConfig
    can_check = False
    check_every = None

    @property
    def scheme(self) -> Scheme:
        usual = SCHEMES[self.config.sender]
        return replace(
            usual,
            header=self.config.header.lower() or usual.header,
            timestamp_header=usual.timestamp_header
            and (self.config.timestamp_header.lower() or usual.timestamp_header),
        )

    def verify(self, incoming: Incoming) -> Genuine:
        secrets = [
            secret.get_secret_value()
            for secret in (self.config.secret, self.config.previous_secret)
            if secret
        ]
        return verify(self.scheme, incoming, secrets=secrets, username=self.config.username)
