"""What monitoring does when something happens in the rooms before it."""

from __future__ import annotations

from apps.deployments.events import MismatchEnded, MismatchFound
from apps.deployments.models import Mismatch
from apps.monitoring import services


def tell_of_mismatch(event: MismatchFound) -> None:
    """What runs is not what is wanted: that is an alert."""
    row = Mismatch.objects.select_related("deployment").get(pk=event.mismatch_id)
    services.fire_for_mismatches(deployment=row.deployment)


def forget_mismatch(event: MismatchEnded) -> None:
    """Where nothing else differs, the alert is over."""
    row = Mismatch.objects.select_related("deployment").get(pk=event.mismatch_id)
    services.resolve_for_mismatches(deployment=row.deployment)
