"""Takes the alerts of a Prometheus Alertmanager, and hands ours to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Self

from pydantic import Field, HttpUrl, SecretStr, model_validator

from apps.core.errors import Conflict
from apps.core.http import Http, Tls
from apps.integrations.base import DESTINATION, GENERATED, LONG, PREVIOUS, Config, Connector
from apps.integrations.ports import AlertNotice, Genuine, Incoming, Notice
from apps.integrations.signatures import SCHEMES, verify

# Told again at every repetition of the route; without another word it is over after this.
LASTS = timedelta(days=1)
SECONDS = 15.0


class AlertmanagerConfig(Config):
    url: HttpUrl | None = Field(
        default=None,
        title="Address",
        description="For example http://alertmanager:9093; only where the portal's alerts go to it, too.",
        json_schema_extra=DESTINATION,
    )
    username: str = Field(
        default="", max_length=200, title="User name", description="For Basic only."
    )
    password: SecretStr | None = Field(
        default=None,
        title="Password or token",
        description="What the address asks for: Basic with a user name, Bearer without.",
    )
    hook_username: str = Field(
        default="",
        max_length=100,
        title="User name of its webhook",
        description="Only where Alertmanager's webhook_configs sends basic_auth.",
    )
    secret: SecretStr = Field(
        min_length=8,
        max_length=500,
        title="Secret of its webhook",
        description="For http_config.authorization.credentials. Empty: the portal makes one.",
        json_schema_extra=GENERATED,
    )
    previous_secret: SecretStr | None = Field(default=None, json_schema_extra=PREVIOUS)
    certificate: str = Field(
        default="",
        max_length=20_000,
        title="Authority's certificate",
        description="PEM text, if its certificate comes from an authority of your own.",
        json_schema_extra=LONG,
    )

    @model_validator(mode="after")
    def complete(self) -> Self:
        if self.username and self.password is None:
            raise ValueError("password: a user name needs one")
        return self


class Alertmanager(Connector[AlertmanagerConfig]):
    """Alertmanager's API, version 2, and its webhook receiver, version 4."""

    config_class = AlertmanagerConfig

    @cached_property
    def http(self) -> Http:
        config = self.config
        if config.url is None:
            raise Conflict(reason="url: enter Alertmanager's address, so that alerts can go there.")
        password = config.password.get_secret_value() if config.password else ""
        auth = (config.username, password) if config.username else password or None
        base = f"{str(config.url).rstrip('/')}/api/v2"
        return Http("Alertmanager", base, auth=auth, tls=Tls(ca=config.certificate or None))

    def check(self) -> str:
        if self.config.url is None:
            return "It only sends; the first genuine message shows that it works."
        found = self.http.get("status")
        return (
            f"Alertmanager {found.get('versionInfo', {}).get('version', 'of an unknown version')}."
        )

    def notify(self, notice: Notice) -> None:
        self.http.request("POST", "alerts", json=[posted(notice)], seconds=SECONDS)

    def verify(self, incoming: Incoming) -> Genuine:
        known = (self.config.secret, self.config.previous_secret)
        secrets = [secret.get_secret_value() for secret in known if secret]
        scheme = SCHEMES["basic" if self.config.hook_username else "alertmanager"]
        return verify(scheme, incoming, secrets=secrets, username=self.config.hook_username)


def posted(notice: Notice) -> dict[str, Any]:
    """A `postableAlert`. An alert that resolved ends in the past."""
    told = (
        notice
        if isinstance(notice, AlertNotice)
        else AlertNotice(notice.title, notice.text, notice.url)
    )
    begun = told.starts_at or datetime.now(UTC)
    ends = (told.ends_at or datetime.now(UTC)) if told.resolved else datetime.now(UTC) + LASTS
    return {
        "labels": dict(told.labels) or {"alertname": told.title},
        "annotations": dict(told.annotations) or {"summary": told.text},
        "startsAt": begun.astimezone(UTC).isoformat(),
        "endsAt": max(begun, ends).astimezone(UTC).isoformat(),
        "generatorURL": told.url,
    }
