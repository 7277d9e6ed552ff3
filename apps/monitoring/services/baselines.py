"""What the data of a deployment should look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from apps.deployments import selectors as deployments
from apps.deployments.models import Deployment
from apps.ledger.services import record
from apps.models import artifacts
from apps.models.models import ModelVersion
from apps.monitoring import training
from apps.monitoring.errors import NothingLive, NoTrainingData
from apps.monitoring.models import Baseline
from apps.monitoring.profiles import profile


@transaction.atomic
def create_baseline(
    *,
    deployment: Deployment,
    columns: Mapping[str, Sequence[Any]],
    source: Baseline.Source,
    by: AbstractUser,
    version: ModelVersion | None = None,
) -> Baseline:
    """Keep what the data should look like, as one profile per column."""
    profiles = [profile(name, values).packed() for name, values in columns.items()]
    baseline = Baseline.objects.create(
        project_id=deployment.project_id,
        deployment=deployment,
        version=version,
        source=source,
        rows=max((len(values) for values in columns.values()), default=0),
        profiles=profiles,
        created_by_id=by.pk,
    )
    data = {"deployment": deployment.pk, "rows": baseline.rows, "columns": len(profiles)}
    record(
        actor=by,
        verb="monitoring.baseline_created",
        subject=baseline,
        project_id=deployment.project_id,
        data=data,
    )
    return baseline


def baseline_from_rows(
    *, deployment: Deployment, rows: Sequence[Mapping[str, Any]], by: AbstractUser
) -> Baseline:
    """A baseline from rows that somebody posted, one object per row."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    return create_baseline(
        deployment=deployment, columns=columns, source=Baseline.Source.ROWS, by=by
    )


def baseline_from_run(*, deployment: Deployment, path: str, by: AbstractUser) -> Baseline:
    """A baseline from the training inputs that the live version's run logged as an artifact."""
    release = deployments.live_release(deployment)
    if release is None:
        raise NothingLive(deployment=deployment.slug)
    version = release.version
    data = artifacts.read(version, path, most=training.MOST_BYTES)
    if data is None:
        raise NoTrainingData(version=str(version), path=path)
    return create_baseline(
        deployment=deployment,
        columns=training.columns(data, path),
        source=Baseline.Source.ARTIFACT,
        by=by,
        version=version,
    )
