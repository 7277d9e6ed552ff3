"""Posts alerts in the shape of Alertmanager's webhook receiver, which many systems read."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, SecretStr

from apps.core.http import NEVER, Http, Tls
from apps.integrations.base import DESTINATION, LONG, Config, Connector
from apps.integrations.ports import AlertNotice, Notice

ZERO = "0001-01-01T00:00:00Z"  # Go's time that is none: the alert has not ended
SECONDS = 15.0


class AlertWebhookConfig(Config):
    url: HttpUrl = Field(
        title="Address",
        description="Where the alerts are posted to.",
        json_schema_extra=DESTINATION,
    )
    username: str = Field(
        default="", max_length=200, title="User name", description="For Basic only."
    )
    secret: SecretStr | None = Field(
        default=None,
        max_length=500,
        title="Token or password",
        description="Sent as Bearer, or as the password of Basic where there is a user name.",
    )
    certificate: str = Field(
        default="",
        max_length=20_000,
        title="Authority's certificate",
        description="PEM text, if the receiver's certificate comes from an authority of your own.",
        json_schema_extra=LONG,
    )


class AlertWebhook(Connector[AlertWebhookConfig]):
    """Version 4 of the message, one alert in each."""

    config_class = AlertWebhookConfig
    check_every = None  # a check is an alert that somebody may act on

    @cached_property
    def http(self) -> Http:
        config = self.config
        secret = config.secret.get_secret_value() if config.secret else ""
        auth = (config.username, secret) if config.username else secret or None
        tls = Tls(ca=config.certificate or None)
        return Http(
            "The receiver", str(config.url), auth=auth, tls=tls, retry=NEVER, limit_bytes=64 * 1024
        )

    def check(self) -> str:
        now = datetime.now(UTC)
        labels = {"alertname": "SignalboxTest", "severity": "info"}
        test = AlertNotice(
            "Test",
            "Nothing fires.",
            "",
            key="test",
            resolved=True,
            labels=labels,
            starts_at=now,
            ends_at=now,
        )
        self.notify(test)
        return "It took a test alert that is over already."

    def notify(self, notice: Notice) -> None:
        query = f"?{found}" if (found := urlsplit(str(self.config.url)).query) else ""
        self.http.request("POST", query, json=message(notice), seconds=SECONDS)


def message(notice: Notice) -> dict[str, Any]:
    """The message of Alertmanager's webhook receiver.

    Source: `notify/webhook` and `template.Data` of github.com/prometheus/alertmanager.
    """
    told = (
        notice
        if isinstance(notice, AlertNotice)
        else AlertNotice(notice.title, notice.text, notice.url)
    )
    status = "resolved" if told.resolved else "firing"
    labels = dict(told.labels) or {"alertname": told.title}
    annotations = dict(told.annotations) or {"summary": told.text}
    return {
        "version": "4",
        "groupKey": told.key or told.title,
        "truncatedAlerts": 0,
        "status": status,
        "receiver": told.route or "signalbox",
        "groupLabels": {"alertname": labels.get("alertname", told.title)},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": told.url,
        "alerts": [
            {
                "status": status,
                "labels": labels,
                "annotations": annotations,
                "startsAt": stamp(told.starts_at),
                "endsAt": stamp(told.ends_at if told.resolved else None),
                "generatorURL": told.url,
                "fingerprint": told.key.rpartition(":")[2],
            }
        ],
    }


def stamp(moment: datetime | None) -> str:
    """A time as Go writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else ZERO
