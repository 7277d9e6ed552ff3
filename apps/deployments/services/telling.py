"""Who hears of a change: the ledger, the gateways, the pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import connection

from apps.core import live
from apps.deployments.models import Deployment, Release
from apps.ledger.services import record
from apps.projects import selectors as projects
from apps.projects.models import FreezeWindow

CHANNEL = "signalbox_routes"


def routes_changed(deployment: Deployment) -> None:
    """Wake the gateways and the pages once this is stored."""
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")
    live.changed(deployment.topic)


def record_release(release: Release, *, verb: str, by: AbstractUser | None, **more: Any) -> None:
    """One row in the ledger about a release, under its deployment."""
    data = {"release": release.number, "version": release.version_id, "undoes": release.undoes_id}
    record(
        actor=by,
        verb=verb,
        subject=release.deployment,
        project_id=release.deployment.project_id,
        data={**data, "release_id": release.pk, **more},
    )


def frozen(release: Release, moment: datetime) -> FreezeWindow | None:
    """The freeze that holds a release; none holds the way back."""
    if release.undoes_id:
        return None
    return projects.freeze_at(release.deployment.environment, moment)
