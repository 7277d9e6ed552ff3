"""What the tests of alerts share: alerts as others tell them, and the rounds that beat makes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.monitoring import services
from apps.monitoring.alerting import reading, store
from apps.monitoring.models import Alert
from apps.projects.models import Project


def posted(name: str = "Latency", *, ends: float = 300.0, **labels: str) -> dict[str, Any]:
    """A postable alert; `ends` seconds from now."""
    now = datetime.now(UTC)
    return {
        "labels": {"alertname": name, "severity": "critical", **labels},
        "annotations": {"summary": f"{name} is high"},
        "startsAt": (now - timedelta(seconds=600)).isoformat(),
        "endsAt": (now + timedelta(seconds=ends)).isoformat(),
        "generatorURL": "http://prometheus:9090/graph",
    }


def tell(project: Project, *alerts: dict[str, Any]) -> None:
    """Keep alerts as the API does."""
    told, wrong = reading.read(json.dumps(alerts).encode(), timezone.now().timestamp())
    assert not wrong, wrong
    store.keep([(project.pk, told)])


def told_and_settled(project: Project, *alerts: dict[str, Any]) -> list[Alert]:
    """The same, and the round of the beat that settles them; the newest last."""
    tell(project, *alerts)
    services.settle_waiting()
    return list(Alert.objects.filter(project=project).order_by("pk"))


class Client:
    """Speaks HTTP with a running portal."""

    def __init__(self, address: str, token: str, prefix: str = "") -> None:
        self.base, self.token = f"{address}{prefix}/api/v2/", token

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and parsed body."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.base}{path}", data=data, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")
