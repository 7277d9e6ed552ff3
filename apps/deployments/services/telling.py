"""Who hears of a change: the ledger, the gateways, the pages."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import connection

from apps.core import live
from apps.deployments.models import Deployment, Release
from apps.ledger.services import record

CHANNEL = "signalbox_routes"


def routes_changed(deployment: Deployment) -> None:
    """Wake the gateways and the pages once this is stored."""
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")
    live.changed(deployment.topic)


def record_release(release: Release, *, verb: str, by: AbstractUser | None) -> None:
    """One row in the ledger about a release, under its deployment."""
    data = {"release": release.number, "version": release.version_id, "undoes": release.undoes_id}
    record(
        actor=by,
        verb=verb,
        subject=release.deployment,
        project_id=release.deployment.project_id,
        data={**data, "release_id": release.pk},
    )
