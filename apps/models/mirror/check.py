"""Compares the mirror with MLflow, row by row; finds what changed long after it was mirrored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Model
from django.utils import timezone

from apps.models.choices import Lifecycle, RunStatus
from apps.models.mirror import refresh, runs, shapes
from apps.models.models import Alias, Experiment, ModelVersion, RegisteredModel, Run
from apps.models.models.runs import PAST
from apps.models.upstream import PER_PAGE, Upstream
from apps.projects.models import Project

Json = dict[str, Any]
MOST_EXPERIMENTS = 100
# How many long unseen runs a healing looks at again: one page of MLflow's.
SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """How many rows of one table MLflow and the mirror know together, and how many differ."""

    table: str
    rows: int
    differing: int


def differences(project: Project) -> Iterator[Difference]:
    """Walk everything of a project in MLflow and count the rows that differ, by table."""
    mlflow = Upstream(project.slug)
    yield _experiments(project, mlflow)
    yield _runs(project, mlflow)
    told = list(mlflow.registered())
    yield _models(project, told)
    yield _versions(project, mlflow)
    yield _aliases(project, told)


def look_again(project: Project) -> None:
    """Compare the ended runs that were not seen for longest, and mend those that changed since.

    Whoever changes a finished run in MLflow itself leaves no trace that a search by time would find.
    """
    ended = Run.objects.filter(project=project).exclude(status=RunStatus.RUNNING)
    ended = ended.exclude(experiment__mlflow_id__startswith=PAST)
    sample = list(ended.select_related("experiment").order_by("seen_at")[:SAMPLE])
    if not sample:
        return
    asked_at = timezone.now()
    told = list(_asked_for(project, sample))
    differing = differing_runs(project, told)
    if differing:
        runs.put_runs(project, differing, asked_at=asked_at)
    known = {str(each["info"]["run_id"]) for each in told}
    changed = {str(each["info"]["run_id"]) for each in differing}
    seen = Run.objects.filter(project=project, mlflow_id__in=known - changed)
    seen.filter(seen_at__lt=asked_at).update(seen_at=asked_at)
    for row in sample:
        if row.mlflow_id not in known:
            refresh.run(project, row.mlflow_id)


def differing_runs(project: Project, told: Iterable[Json]) -> list[Json]:
    """Of the runs that MLflow told, those that the mirror has otherwise or not at all."""
    found = {str(each["info"]["run_id"]): each for each in told}
    rows = Run.objects.filter(project=project, mlflow_id__in=found)
    present = {row.mlflow_id: row for row in rows}
    return [each for key, each in found.items() if _differs(present.get(key), shapes.run(each))]


def _asked_for(project: Project, sample: list[Run]) -> Iterator[Json]:
    names = ", ".join(f"'{row.mlflow_id}'" for row in sample)
    experiments = sorted({row.experiment.mlflow_id for row in sample})
    for some in batches(experiments, MOST_EXPERIMENTS):
        yield from Upstream(project.slug).searched(
            "2.0/mlflow/runs/search",
            "runs",
            run_view_type="ALL",
            experiment_ids=some,
            filter=f"attributes.run_id IN ({names})",
        )


def _experiments(project: Project, mlflow: Upstream) -> Difference:
    rows = {row.mlflow_id: row for row in Experiment.objects.filter(project=project)}
    path = "2.0/mlflow/experiments/search"
    wanted = {
        str(told["experiment_id"]): shapes.experiment(told)
        for told in mlflow.listed(path, "experiments", view_type="ALL")
    }
    living = {key for key, row in rows.items() if row.lifecycle == Lifecycle.ACTIVE}
    return _compared("experiments", rows, wanted, living)


def _runs(project: Project, mlflow: Upstream) -> Difference:
    known = Experiment.objects.filter(project=project).order_by("pk")
    known = known.exclude(mlflow_id__startswith=PAST)
    told_ids: set[str] = set()
    differing = 0
    for some in batches(known.values_list("mlflow_id", flat=True), MOST_EXPERIMENTS):
        query = {"experiment_ids": some, "run_view_type": "ALL"}
        found = mlflow.searched("2.0/mlflow/runs/search", "runs", **query)
        for page in batches(found, PER_PAGE):
            told_ids |= {str(each["info"]["run_id"]) for each in page}
            differing += len(differing_runs(project, page))
    living = Run.objects.filter(project=project).active().values_list("mlflow_id", flat=True)
    gone = set(living) - told_ids
    return Difference("runs", len(told_ids) + len(gone), differing + len(gone))


def _models(project: Project, told: list[Json]) -> Difference:
    rows = {row.name: row for row in RegisteredModel.objects.filter(project=project)}
    wanted = {each["name"]: {**shapes.model(each), "deleted_at": None} for each in told}
    living = {name for name, row in rows.items() if row.deleted_at is None}
    return _compared("models", rows, wanted, living)


def _versions(project: Project, mlflow: Upstream) -> Difference:
    found = ModelVersion.objects.filter(project=project).select_related("model")
    rows = {(row.model.name, row.number): row for row in found}
    wanted = {
        (told["name"], shapes.whole(told["version"])): {
            **shapes.version(told),
            "stage": shapes.stage(told.get("current_stage")),
            "deleted_at": None,
        }
        for told in mlflow.versions()
    }
    living = {key for key, row in rows.items() if not (row.deleted_at or row.model.deleted_at)}
    return _compared("versions", rows, wanted, living)


def _aliases(project: Project, told: list[Json]) -> Difference:
    known = Alias.objects.filter(project=project)
    present = set(known.values_list("model__name", "name", "version__number"))
    wanted = {
        (each["name"], name, number)
        for each in told
        for name, number in refresh.aliases_of(each).items()
    }
    places = {each[:2] for each in present | wanted}
    return Difference("aliases", len(places), len({each[:2] for each in present ^ wanted}))


def _compared(
    table: str, rows: dict[Any, Any], wanted: dict[Any, Json], living: set[Any]
) -> Difference:
    differing = {key for key, told in wanted.items() if _differs(rows.get(key), told)}
    gone = living - wanted.keys()
    return Difference(table, len(wanted) + len(gone), len(differing | gone))


def _differs(row: Model | None, wanted: Json) -> bool:
    return row is None or any(getattr(row, name) != value for name, value in wanted.items())


def batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The items, so many at a time."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
