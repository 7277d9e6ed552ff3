"""Brings the mirror level with MLflow: what went around the portal, and what was missed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import F
from django.utils import timezone

from apps.core.errors import PortalError
from apps.models.choices import Lifecycle, RunStatus
from apps.models.mirror import check, refresh, registry, runs, shapes
from apps.models.models import Alias, Experiment, ModelVersion, RegisteredModel, Run, Workspace
from apps.models.models.runs import PAST
from apps.models.upstream import PER_PAGE, Upstream, within
from apps.projects.models import Project

logger = logging.getLogger(__name__)

Json = dict[str, Any]
# Clocks differ, and a run is committed a little after its time stamp.
MARGIN = timedelta(minutes=5)
MOST_RUNNING = 500
MOST_EXPERIMENTS = 100
# Whoever writes around the portal may say that a run began long ago: while it runs it is found by this.
RUN_STILL = "attributes.status = 'RUNNING'"
# PostgreSQL's advisory lock: one healer at a time, and none while a project changes its server.
HEALING = 7_352_001
# What a connected server may take of each healing; `manage.py mirror rebuild` knows no limit.
SECONDS_ELSEWHERE = 300.0


def heal_all() -> Iterator[Project]:
    """Heal every project that uses MLflow, and name those that are level.

    Where MLflow is away, the page says how old the mirror is. Connected servers come last.
    """
    elsewhere = F("project__mlflow_home").asc(nulls_first=True)
    found = Workspace.objects.select_related("project__mlflow_home").order_by(elsewhere, "pk")
    for workspace in found:
        try:
            with _patience(workspace.project):
                heal(workspace)
        except PortalError as error:
            _note_trouble(workspace, str(error))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # An answer in another shape than MLflow's: a proxy's page, a half-started server.
            _note_trouble(workspace, f"MLflow answered what cannot be read ({error!r}).")
        else:
            yield workspace.project


def _patience(project: Project) -> AbstractContextManager[None]:
    """A connected server is somebody's own: it may answer for ever without coming to an end."""
    return within(SECONDS_ELSEWHERE) if hasattr(project, "mlflow_home") else nullcontext()


def _note_trouble(workspace: Workspace, trouble: str) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(trouble=trouble[:300])
    logger.warning("The mirror of project %s waits: %s", workspace.project_id, trouble)


def heal(workspace: Workspace, *, whole: bool = False) -> None:
    """Heal one project: everything new since the last time, or with `whole` everything."""
    begun_at = timezone.now()
    project, mlflow = workspace.project, Upstream(workspace.project.slug)
    since = None if whole or workspace.healed_at is None else workspace.healed_at - MARGIN
    _experiments(project, mlflow)
    _runs(project, mlflow, since)
    _models(project, mlflow)
    if since is None:
        _gone_runs(project, begun_at)
    else:
        check.look_again(project)
    Workspace.objects.filter(pk=workspace.pk).update(healed_at=begun_at, trouble="")


def _experiments(project: Project, mlflow: Upstream) -> None:
    path = "2.0/mlflow/experiments/search"
    told = mlflow.listed(path, "experiments", view_type="ALL")
    seen = {runs.put_experiment(project, each).pk for each in told}
    living = Experiment.objects.filter(project=project, lifecycle=Lifecycle.ACTIVE)
    for gone in living.exclude(pk__in=seen).values_list("mlflow_id", flat=True):
        refresh.experiment(project, gone)


def _runs(project: Project, mlflow: Upstream, since: datetime | None) -> None:
    known = list(
        Experiment.objects.filter(project=project)
        .exclude(mlflow_id__startswith=PAST)
        .order_by("pk")
        .values_list("mlflow_id", flat=True)
    )
    for some in check.batches(known, MOST_EXPERIMENTS):
        for wanted in _filters(since):
            _put_found(project, mlflow, {"experiment_ids": some, "filter": wanted})
        if since is not None:
            _put_found(project, mlflow, {"experiment_ids": some, "filter": RUN_STILL}, MOST_RUNNING)
    if since is not None:
        _running(project)


def _filters(since: datetime | None) -> list[str]:
    """What to ask for: runs that began or ended since; MLflow's language has no `or`."""
    if since is None:
        return [""]
    stamp = int(since.timestamp() * 1000)
    return [f"attributes.start_time >= {stamp}", f"attributes.end_time >= {stamp}"]


def _put_found(project: Project, mlflow: Upstream, query: Json, most: int | None = None) -> None:
    asked_at = timezone.now()
    found = mlflow.searched("2.0/mlflow/runs/search", "runs", run_view_type="ALL", **query)
    for some in check.batches(islice(found, most), PER_PAGE):
        runs.put_runs(project, some, asked_at=asked_at)
        asked_at = timezone.now()


def _running(project: Project) -> None:
    """Runs that the mirror believes to run may have ended, or logged more, around the portal."""
    open_runs = Run.objects.filter(project=project, status=RunStatus.RUNNING).order_by("seen_at")
    open_runs = open_runs.exclude(experiment__mlflow_id__startswith=PAST)
    for mlflow_id in open_runs.values_list("mlflow_id", flat=True)[:MOST_RUNNING]:
        refresh.run(project, mlflow_id)


def _gone_runs(project: Project, begun_at: datetime) -> None:
    """Runs that a walk over everything did not meet: MLflow says of each whether it is gone."""
    unseen = Run.objects.filter(project=project, seen_at__lt=begun_at).active()
    for mlflow_id in unseen.values_list("mlflow_id", flat=True):
        refresh.run(project, mlflow_id)


def _models(project: Project, mlflow: Upstream) -> None:
    told = list(mlflow.registered())
    rows = {each["name"]: registry.put_model(project, each) for each in told}
    seen = set(_versions(mlflow, rows))
    for gone in ModelVersion.objects.filter(project=project).live().exclude(pk__in=seen):
        refresh.version(project, gone.model.name, gone.number)
    for gone_model in RegisteredModel.objects.live().filter(project=project):
        if gone_model.name not in rows:
            refresh.model(project, gone_model.name)
    _aliases(project, told)


def _aliases(project: Project, told: list[Json]) -> None:
    """Ask again for each model whose aliases differ: the list may be older than a move of ours."""
    known: dict[str, dict[str, int]] = {}
    present = Alias.objects.filter(project=project)
    for model, alias, number in present.values_list("model__name", "name", "version__number"):
        known.setdefault(model, {})[alias] = number
    for each in told:
        if refresh.aliases_of(each) != known.get(each["name"], {}):
            refresh.model(project, each["name"])


def _versions(mlflow: Upstream, rows: dict[str, RegisteredModel]) -> Iterator[int]:
    for told in mlflow.versions():
        model = rows.get(told["name"])
        if model and (row := registry.put_version(model, told)):
            if row.stage != shapes.stage(told.get("current_stage")):
                refresh.version(model.project, model.name, row.number)
            yield row.pk
