"""What the data of a deployment should look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.deployments import selectors as deployments
from apps.deployments.models import Deployment
from apps.ledger.services import record
from apps.models import artifacts
from apps.models.models import ModelVersion
from apps.monitoring import training
from apps.monitoring.errors import NoRowsThen, NothingLive, NoTrainingData
from apps.monitoring.models import Baseline
from apps.monitoring.profiling import Summary, of_columns, of_table
from apps.predictions import selectors as predictions
from apps.predictions.rows import Row


@transaction.atomic
def create_baseline(
    *,
    deployment: Deployment,
    columns: Mapping[str, Sequence[Any]] | Summary,
    source: Baseline.Source,
    by: AbstractUser,
    **kept: Any,
) -> Baseline:
    """Keep what the data should look like: a profile per column, and a sample of rows.

    `kept` are further fields of the baseline: version, importance, settings.
    """
    summary = columns if isinstance(columns, Summary) else of_columns(dict(columns))
    baseline = Baseline.objects.create(
        project_id=deployment.project_id,
        deployment=deployment,
        source=source,
        rows=summary.rows,
        profiles=[each.packed() for each in summary.profiles()],
        sample=summary.packed_sample(),
        created_by_id=by.pk,
        **kept,
    )
    data = {
        "deployment": deployment.pk,
        "rows": baseline.rows,
        "columns": len(baseline.profiles),
        "source": str(source),
    }
    record(
        actor=by,
        verb="monitoring.baseline_created",
        subject=baseline,
        project_id=deployment.project_id,
        data=data,
    )
    return baseline


def baseline_from(*, deployment: Deployment, sent: Mapping[str, Any], by: AbstractUser) -> Baseline:
    """A baseline from what was sent: an `artifact`'s path, an uploaded `file`, or `rows`."""
    if path := sent.get("artifact"):
        return baseline_from_run(deployment=deployment, path=path, by=by)
    if file := sent.get("file"):
        return baseline_from_file(deployment=deployment, data=file.read(), name=file.name, by=by)
    return baseline_from_rows(deployment=deployment, rows=sent["rows"], by=by)


def baseline_from_rows(
    *, deployment: Deployment, rows: Sequence[Mapping[str, Any]], by: AbstractUser
) -> Baseline:
    """A baseline from rows that somebody posted, one object per row."""
    columns = columns_of(rows)
    return create_baseline(
        deployment=deployment, columns=columns, source=Baseline.Source.ROWS, by=by
    )


def baseline_from_file(
    *, deployment: Deployment, data: bytes, name: str, by: AbstractUser
) -> Baseline:
    """A baseline from a CSV or Parquet file that somebody uploaded."""
    summary = of_table(training.table(data, name, "file"))
    return create_baseline(
        deployment=deployment, columns=summary, source=Baseline.Source.FILE, by=by
    )


def baseline_from_run(*, deployment: Deployment, path: str, by: AbstractUser) -> Baseline:
    """A baseline from the training inputs that the live version's run logged as an artifact.

    Where the run says how much the model relies on each column, that is kept too.
    """
    version = _live(deployment)
    data = artifacts.read(version, path, most=training.MOST_BYTES)
    if data is None:
        raise NoTrainingData(version=str(version), path=path)
    return create_baseline(
        deployment=deployment,
        columns=of_table(training.table(data, path)),
        source=Baseline.Source.ARTIFACT,
        by=by,
        version=version,
        importance=_importance(version),
    )


def baseline_from_window(
    *, deployment: Deployment, since: datetime, until: datetime, by: AbstractUser
) -> Baseline:
    """A baseline from the inputs of the predictions of `[since, until)`."""
    found = predictions.rows(deployment.pk, since=since, until=until)
    settings = {"since": since.isoformat(), "until": until.isoformat()}
    return create_baseline(
        deployment=deployment,
        columns=_inputs(deployment, found),
        source=Baseline.Source.WINDOW,
        by=by,
        settings=settings,
    )


def rolling_baseline(
    *, deployment: Deployment, back: timedelta, length: timedelta, by: AbstractUser
) -> Baseline:
    """A baseline that is ever the window of `length` that ended `back` ago."""
    until = timezone.now() - back
    found = predictions.rows(deployment.pk, since=until - length, until=until)
    settings = {"back_seconds": back.total_seconds(), "length_seconds": length.total_seconds()}
    return create_baseline(
        deployment=deployment,
        columns=_inputs(deployment, found),
        source=Baseline.Source.ROLLING,
        by=by,
        settings=settings,
    )


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns; a row without a column has a missing value there."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}


def _inputs(deployment: Deployment, rows: Sequence[Row]) -> dict[str, list[Any]]:
    if not rows:
        raise NoRowsThen(deployment=deployment.slug)
    return columns_of([row.inputs for row in rows])


def _live(deployment: Deployment) -> ModelVersion:
    release = deployments.live_release(deployment)
    if release is None:
        raise NothingLive(deployment=deployment.slug)
    return release.version


def _importance(version: ModelVersion) -> dict[str, float]:
    data = artifacts.read(version, training.IMPORTANCE, most=training.MOST_BYTES)
    params = version.run.params if version.run else {}
    return training.importance(data, params)
