"""What the data of a deployment should look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core.errors import Invalid
from apps.deployments import selectors as deployments
from apps.deployments.models import Deployment
from apps.ledger.services import record
from apps.models import artifacts
from apps.models.models import ModelVersion
from apps.monitoring import training
from apps.monitoring.errors import (
    DatasetNotLogged,
    NoDataset,
    NoRowsThen,
    NothingLive,
    NoTrainingData,
    TooManyRowsThen,
)
from apps.monitoring.models import Baseline
from apps.monitoring.profiling import Summary, of_columns, of_table
from apps.predictions import selectors as predictions

MOST_LOGGED = 100_000  # rows of the log that a baseline is made of; whole, in memory


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
    """A baseline from what was sent: one of the sources that `NewBaselineSerializer` describes."""
    match sent:
        case {"artifact": path}:
            return baseline_from_run(deployment=deployment, path=path, by=by)
        case {"dataset": name}:
            return baseline_from_dataset(deployment=deployment, name=name, by=by)
        case {"file": file}:
            return baseline_from_file(
                deployment=deployment, data=file.read(), name=file.name, by=by
            )
        case {"window": {"since": since, "until": until}}:
            return baseline_from_window(deployment=deployment, since=since, until=until, by=by)
        case {"rolling": {"back_seconds": back, "length_seconds": length}}:
            stretch = {"back": timedelta(seconds=back), "length": timedelta(seconds=length)}
            return rolling_baseline(deployment=deployment, **stretch, by=by)
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
    return _of_run(deployment, version, training.table(data, path), by)


def baseline_from_dataset(*, deployment: Deployment, name: str, by: AbstractUser) -> Baseline:
    """A baseline from a data set that the live version's run named as its input.

    MLflow keeps where a data set was read, not its rows: the run must have logged the file, too.
    """
    version = _live(deployment)
    named = training.dataset(version.run.inputs if version.run else [], name)
    if named is None:
        raise NoDataset(version=str(version), dataset=name)
    for path in training.logged_at(named):
        data = artifacts.read(version, path, most=training.MOST_BYTES)
        if data is not None:
            settings = {"dataset": name, "digest": named["digest"], "artifact": path}
            table = training.table(data, path, "dataset")
            return _of_run(deployment, version, table, by, settings=settings)
    raise DatasetNotLogged(version=str(version), dataset=name)


def baseline_from_window(
    *, deployment: Deployment, since: datetime, until: datetime, by: AbstractUser
) -> Baseline:
    """A baseline from the inputs of the predictions of `[since, until)`."""
    if since >= until:
        raise Invalid(field="window", reason="it must end after it began")
    settings = {"since": since.isoformat(), "until": until.isoformat()}
    return create_baseline(
        deployment=deployment,
        columns=_inputs(deployment, since, until),
        source=Baseline.Source.WINDOW,
        by=by,
        settings=settings,
    )


def rolling_baseline(
    *, deployment: Deployment, back: timedelta, length: timedelta, by: AbstractUser
) -> Baseline:
    """A baseline that is ever the window of `length` that ended `back` ago."""
    until = timezone.now() - back
    settings = {"back_seconds": back.total_seconds(), "length_seconds": length.total_seconds()}
    return create_baseline(
        deployment=deployment,
        columns=_inputs(deployment, until - length, until),
        source=Baseline.Source.ROLLING,
        by=by,
        settings=settings,
    )


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns; a row without a column has a missing value there."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}


def _of_run(
    deployment: Deployment, version: ModelVersion, table: Any, by: AbstractUser, **kept: Any
) -> Baseline:
    return create_baseline(
        deployment=deployment,
        columns=of_table(table),
        source=Baseline.Source.ARTIFACT,
        by=by,
        version=version,
        importance=_importance(version),
        **kept,
    )


def _inputs(deployment: Deployment, since: datetime, until: datetime) -> dict[str, list[Any]]:
    count = predictions.logged(deployment.pk, since, until)
    if not count:
        raise NoRowsThen(deployment=deployment.slug)
    if count > MOST_LOGGED:
        raise TooManyRowsThen(deployment=deployment.slug, rows=count, most=MOST_LOGGED)
    found = predictions.rows(deployment.pk, since=since, until=until)
    return columns_of([row.inputs for row in found])


def _live(deployment: Deployment) -> ModelVersion:
    release = deployments.live_release(deployment)
    if release is None:
        raise NothingLive(deployment=deployment.slug)
    return release.version


def _importance(version: ModelVersion) -> dict[str, float]:
    data = artifacts.read(version, training.IMPORTANCE, most=training.MOST_BYTES)
    params = version.run.params if version.run else {}
    return training.importance(data, params)
