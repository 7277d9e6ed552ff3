from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.core import live
from apps.deployments import selectors
from apps.deployments.models import Release, Replica
from apps.deployments.services.telling import routes_changed

# How long a model server that left the routes may still answer what it was sent.
DRAIN = timedelta(seconds=5)


@transaction.atomic
def start_replicas(release: Release) -> Replica:
    """Ask for the model servers of a release, as many as its configuration says; the first of them.

    Those of the same version that are still warm are taken over. Whoever runs them reports by
    `note_replica`. Safe to run twice.
    """
    begun = Release.objects.filter(pk=release.pk, state=Release.State.QUEUED)
    begun.update(state=Release.State.STARTING, step_since=timezone.now())
    wanted = selectors.config_of(release).replicas
    _take_over(release, wanted)
    missing = wanted - release.replicas.filter(retired_at=None).count()
    Replica.objects.bulk_create(Replica(release=release) for _ in range(missing))
    live.changed(release.deployment.topic)
    return release.replicas.filter(retired_at=None).order_by("pk")[0]


def _take_over(release: Release, wanted: int) -> None:
    """Give a rollback the model servers that already hold its version with its configuration."""
    if release.undoes_id is None:
        return
    missing = wanted - release.replicas.filter(retired_at=None).count()
    found = warm(release).order_by("pk").values_list("pk", flat=True)[: max(missing, 0)]
    Replica.objects.filter(pk__in=list(found)).update(release=release, retired_at=None)


def warm(release: Release) -> QuerySet[Replica]:
    """Model servers of the same version and configuration that stay for a while after their release."""
    return Replica.objects.select_for_update(of=("self",)).filter(
        release__deployment_id=release.deployment_id,
        release__version_id=release.version_id,
        release__configuration=release.configuration,
        state=Replica.State.READY,
        retired_at__gt=timezone.now(),
    )


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
