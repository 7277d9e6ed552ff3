from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.core import live
from apps.deployments.models import Release, Replica
from apps.deployments.services.telling import routes_changed

DRAIN = timedelta(seconds=5)


@transaction.atomic
def start_replicas(release: Release) -> Replica:
    """Ask for the model server of a release. Safe to run twice."""
    Release.objects.filter(pk=release.pk, state=Release.State.QUEUED).update(
        state=Release.State.STARTING
    )
    replica, _ = Replica.objects.get_or_create(release=release, retired_at=None)
    live.changed(release.deployment.topic)
    return replica


def note_replica(
    replica_id: int, *, state: Replica.State, note: str = "", **fields: object
) -> None:
    """Write down what the runner sees of a model server."""
    now = timezone.now()
    values = {"state": state, "note": note[:500], "changed_at": now, **fields}
    Replica.objects.filter(pk=replica_id).update(**values)
    replica = Replica.objects.select_related("release__deployment").filter(pk=replica_id).first()
    if replica is not None:
        routes_changed(replica.release.deployment)
