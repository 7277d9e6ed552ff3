"""What monitoring does when something happens in the rooms before it."""

from __future__ import annotations

from apps.deployments.events import MismatchEnded, MismatchFound
from apps.deployments.models import Mismatch
from apps.integrations import selectors as integrations
from apps.integrations.events import DeliveryReceived
from apps.monitoring import services

# Whose messages are those of Alertmanager's webhook receiver.
TELLERS = frozenset({"alertmanager", "webhook_in"})
KINDS = frozenset({"firing", "resolved"})


def tell_of_mismatch(event: MismatchFound) -> None:
    """What runs is not what is wanted: that is an alert."""
    row = Mismatch.objects.select_related("deployment").get(pk=event.mismatch_id)
    services.fire_for_mismatches(deployment=row.deployment)


def forget_mismatch(event: MismatchEnded) -> None:
    """Where nothing else differs, the alert is over."""
    row = Mismatch.objects.select_related("deployment").get(pk=event.mismatch_id)
    services.resolve_for_mismatches(deployment=row.deployment)


def take_alerts(event: DeliveryReceived) -> None:
    """What Alertmanager sends to a connection of a project are alerts of that project."""
    if event.project_id is None or event.slug not in TELLERS or event.kind not in KINDS:
        return
    payload = integrations.payload(event.delivery_id)
    if isinstance(payload, dict) and isinstance(payload.get("alerts"), list):
        services.take_in(
            project_id=event.project_id, connection_id=event.connection_id, payload=payload
        )
