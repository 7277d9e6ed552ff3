"""What other systems tell of: Alertmanager's webhook, and alerts whose end has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.monitoring.alerting import reading, store
from apps.monitoring.models import Alert
from apps.monitoring.services import firing

MOST_AT_ONCE = 500


def take_in(*, project_id: int, connection_id: int, payload: Mapping[str, Any]) -> int:
    """Keep the alerts of a message of Alertmanager's webhook receiver; how many. Safe to run twice."""
    told, _ = reading.of_webhook(payload, timezone.now().timestamp())
    store.keep([(project_id, told)], connection_id=connection_id)
    return len(told)


def end_passed() -> int:
    """Resolve what was told from outside and whose end has come; how many. Safe to run twice."""
    passed = Alert.objects.firing().filter(
        source=Alert.Source.INBOUND, settled=True, ends_at__lte=timezone.now()
    )
    some = passed.select_related("lead", "monitor").order_by("pk")[:MOST_AT_ONCE]
    return sum(_end(alert) for alert in some)


@transaction.atomic
def _end(alert: Alert) -> bool:
    # Told again in this very moment, it goes on.
    locked = Alert.objects.firing().select_for_update(of=["self"]).filter(pk=alert.pk)
    if not locked.filter(ends_at__lte=timezone.now()).exists():
        return False
    return firing.end(alert)
