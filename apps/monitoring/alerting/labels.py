"""What an alert is about: its labels, and the number that tells two sets of them apart."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING

import orjson

from apps.monitoring.models.monitors import Severity

if TYPE_CHECKING:
    from apps.deployments.models import Deployment
    from apps.monitoring.models import Alert

NAME = "alertname"
OFFSET, PRIME, WHOLE = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
# The words for how bad it is that senders use, beside our own three.
SEVERITIES = {
    **dict.fromkeys(("critical", "page", "emergency", "fatal", "disaster"), Severity.CRITICAL),
    **dict.fromkeys(("warning", "warn", "error", "high", "major", "minor"), Severity.WARNING),
    **dict.fromkeys(("info", "none", "low", "information", "notice"), Severity.INFO),
}
Labels = Mapping[str, str]


def packed(labels: Labels) -> bytes:
    """The labels as JSON, the same for the same labels."""
    return orjson.dumps(labels, option=orjson.OPT_SORT_KEYS)


def fingerprint(labels_json: bytes) -> str:
    """32 hex digits for a set of labels as `packed` writes it; two sets share them by no chance worth a thought."""
    return blake2b(labels_json, digest_size=16).hexdigest()


def alertmanagers_fingerprint(labels: Labels) -> str:
    """The fingerprint that Alertmanager shows: 64-bit FNV-1a over sorted names and values.

    Source: `LabelSet.Fingerprint` of github.com/prometheus/common/model.
    """
    code = OFFSET
    for name in sorted(labels):
        for byte in f"{name}".encode() + b"\xff" + f"{labels[name]}".encode() + b"\xff":
            code = ((code ^ byte) * PRIME) & WHOLE
    return f"{code:016x}"


def severity_of(labels: Labels) -> str:
    """One of our three severities; a warning where the label says something of its own."""
    return SEVERITIES.get(str(labels.get("severity", "")).lower(), Severity.WARNING)


def of_monitor(name: str, severity: str, deployment: Deployment, kind: str) -> dict[str, str]:
    """The labels of what the portal itself tells of, for silences and routes."""
    return {
        NAME: name,
        "severity": str(severity),
        "deployment": deployment.slug,
        "model": deployment.model.name,
        "environment": deployment.environment.name,
        "kind": str(kind),
    }


def shown(alert: Alert) -> dict[str, str]:
    """The labels that matchers see: the alert's own, and its name where it has none."""
    own = {str(name): str(value) for name, value in dict(alert.labels).items()}
    extra = {NAME: alert.name, "severity": alert.severity}
    if alert.deployment is not None:
        extra["deployment"] = alert.deployment.slug
    if alert.group:
        extra["group"] = alert.group
    return {**extra, **own}
