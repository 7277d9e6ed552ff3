from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Prefetch, Q
from django.utils import timezone

from apps.core import access
from apps.core.access import Person, Role
from apps.core.models import Job
from apps.models.choices import Lifecycle
from apps.models.models import (
    Alias,
    Dataset,
    Decision,
    Experiment,
    Gate,
    ModelImport,
    ModelQuerySet,
    ModelVersion,
    ProjectRows,
    Promotion,
    PromotionQuerySet,
    RegisteredModel,
    Run,
    RunMetric,
    RunQuerySet,
    VersionFacts,
    VersionQuerySet,
    Waiver,
    WaiverQuerySet,
    Workspace,
)
from apps.models.models.runs import PAST
from apps.models.search.grammar import read_filter
from apps.models.search.matching import matching
from apps.projects.models import Environment, Project

PARENT = "mlflow.parentRunId"
# How long a retirement stands on the home page of everybody in the project.
NOTICE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Age:
    """How old the mirror of somebody's projects is; `trouble` says why it waits."""

    healed_at: datetime | None
    trouble: str

    @property
    def stale(self) -> bool:
        return bool(self.trouble)


@dataclass(frozen=True, slots=True)
class Kin:
    """The nested runs around a run."""

    parent: Run | None
    children: RunQuerySet


def models(user: Person) -> ModelQuerySet:
    """The registered models the person may see, with how many versions each has."""
    living = Count("versions", filter=Q(versions__deleted_at=None), distinct=True)
    latest = Max("versions__number", filter=Q(versions__deleted_at=None))
    found = RegisteredModel.objects.visible_to(user).live()
    found = found.select_related("project", "owner", "deputy")
    aliases = Prefetch("aliases", Alias.objects.select_related("version"))
    return found.annotate(version_count=living, latest_number=latest).prefetch_related(aliases)


def versions(user: Person) -> VersionQuerySet:
    """The model versions the person may see."""
    found = ModelVersion.objects.visible_to(user).live()
    return found.select_related("project", "model", "run", "registered_by").prefetch_related(
        "aliases"
    )


def version(pk: int) -> ModelVersion:
    """The version for a job."""
    rows = ModelVersion.objects.select_related("project", "model", "run__experiment")
    return rows.select_related("run__logged_by", "registered_by").get(pk=pk)


def model_import(pk: int) -> ModelImport:
    """The import for its job."""
    return ModelImport.objects.select_related("project", "requested_by", "version__model").get(
        pk=pk
    )


def job_of(row: ModelImport) -> Job:
    """The job that works on an import."""
    assert row.job_id is not None
    return Job.objects.select_related("owner").get(pk=row.job_id)


def imports(user: Person) -> ProjectRows[ModelImport]:
    """The imports the person may see, newest first."""
    found = ModelImport.objects.visible_to(user)
    return found.select_related("project", "requested_by", "version__model").order_by("-pk")


def retired_lately(user: Person) -> list[RegisteredModel | ModelVersion]:
    """What was taken out of use in the last days, newest first: the notice to who uses it."""
    since = timezone.now() - NOTICE
    models_gone = RegisteredModel.objects.visible_to(user).filter(retired_at__gte=since)
    gone = ModelVersion.objects.visible_to(user).filter(retired_at__gte=since)
    both: list[RegisteredModel | ModelVersion] = [
        *models_gone.select_related("project").order_by("-retired_at")[:20],
        *gone.select_related("project", "model").order_by("-retired_at")[:20],
    ]
    return sorted(both, key=lambda row: row.retired_at or since, reverse=True)


def facts_of(version: ModelVersion) -> VersionFacts | None:
    """What a job read in the version's files; `None` before it did."""
    return VersionFacts.objects.filter(version=version).first()


def versions_to_remove(ids: list[int]) -> VersionQuerySet:
    """The versions of a clean-up that MLflow still has."""
    found = ModelVersion.objects.live().filter(pk__in=ids).order_by("pk")
    return found.select_related("project", "model", "run")


def runs(user: Person) -> RunQuerySet:
    """The runs the person may see and MLflow does not keep in its bin."""
    found = Run.objects.visible_to(user).active()
    return found.select_related("project", "experiment", "logged_by")


def best_run(user: Person, *, metric: str, project: str, lowest: bool) -> Run | None:
    """The run of a project with the highest value of a metric, or the lowest."""
    found = RunMetric.objects.visible_to(user).filter(
        project__slug=project, key=metric, value__isnull=False, run__lifecycle=Lifecycle.ACTIVE
    )
    # With the order of its index, so that the first row is the answer.
    order = ["value", "run"] if lowest else ["-value", "-run"]
    best = found.select_related("run").order_by(*order).first()
    return best.run if best else None


def runs_within(projects: Iterable[int]) -> RunQuerySet:
    """The same for projects that are known to be visible: a query that is planned once, not three times."""
    return Run.objects.filter(project_id__in=projects).active()


def run_list(user: Person, wanted: dict[str, Any]) -> RunQuerySet:
    """The runs of a page: by filter string, words in the name, experiment and state."""
    found = matching(runs(user), read_filter(wanted.get("filter") or ""))
    if words := wanted.get("q"):
        found = found.filter(name__icontains=words)
    if experiment := wanted.get("experiment"):
        found = found.filter(experiment_id=experiment)
    if status := wanted.get("status"):
        found = found.filter(status=status)
    return found


def kin(user: Person, run: Run) -> Kin:
    """The run around this one and the runs inside it, as MLflow nests them."""
    near = runs(user).filter(project_id=run.project_id)
    parent = near.filter(mlflow_id=run.tags.get(PARENT, "")).first()
    children = near.filter(tags__contains={PARENT: run.mlflow_id})
    return Kin(parent, children.order_by("-started_at", "-pk"))


def experiments(user: Person) -> ProjectRows[Experiment]:
    """The experiments the person may see, by name."""
    found = Experiment.objects.visible_to(user).exclude(mlflow_id__startswith=PAST)
    return found.select_related("project").order_by("name", "pk")


def datasets(user: Person) -> ProjectRows[Dataset]:
    """The data that runs read, in the projects the person may see."""
    return Dataset.objects.visible_to(user).select_related("project")


def datasets_read(project_id: int, told: list[dict[str, Any]]) -> list[Dataset]:
    """The data sets behind a run's inputs."""
    wanted = Q(pk__in=[])
    for each in told:
        wanted |= Q(name=each["name"][:500], digest=each["digest"][:64])
    return list(Dataset.objects.filter(wanted, project_id=project_id))


def gates(user: Person) -> ProjectRows[Gate]:
    """The gates of every model the person may see."""
    return Gate.objects.visible_to(user).select_related("project", "model", "environment")


def promotions(user: Person) -> PromotionQuerySet:
    """Every promotion the person may see, with its gates' answers and its decision."""
    found = Promotion.objects.visible_to(user).select_related(
        "project",
        "version__model",
        "version__project",
        "environment",
        "previous",
        "requested_by",
        "decision__by",
    )
    return found.prefetch_related("results__waiver__by").order_by("-pk")


def decidable(user: Person) -> PromotionQuerySet:
    """What waits for this very person: not what they asked for themselves."""
    mine = access.project_ids(user, Role.MAINTAINER)
    return promotions(user).waiting().filter(project_id__in=mine).exclude(requested_by_id=user.pk)


def promotion(pk: int) -> Promotion:
    """The promotion for its job."""
    rows = Promotion.objects.select_related(
        "project", "version__model", "version__project", "version__run", "environment"
    )
    return rows.get(pk=pk)


def promoted(model: RegisteredModel, environment: Environment) -> ModelVersion | None:
    """The version that belongs into an environment now; `None` before the first promotion."""
    found = Alias.objects.filter(model=model, name=environment.name).select_related("version")
    alias = found.first()
    return alias.version if alias else None


def decision_on(version: ModelVersion, environment: Environment) -> Decision | None:
    """Who let this version into the environment, the last time it went there."""
    found = Decision.objects.filter(
        promotion__version=version, promotion__environment=environment, promotion__state="done"
    )
    return found.select_related("by", "promotion").order_by("-pk").first()


def guarded_environment(project: Project, name: str, model: str) -> Environment | None:
    """The environment that an alias or a stage of this name would speak for, where it is guarded."""
    word = name.casefold()
    for environment in Environment.objects.filter(project=project):
        words = {environment.name.casefold(), environment.get_kind_display().casefold()}
        if word in words and _is_guarded(environment, model):
            return environment
    return None


def _is_guarded(environment: Environment, model: str) -> bool:
    gates_here = Gate.objects.filter(environment=environment, model__name=model)
    return environment.protected or gates_here.exists()


def numbered_version(project: Project, model: str, number: int) -> ModelVersion | None:
    """A living version by its model's name and its number."""
    found = ModelVersion.objects.live().filter(project=project, model__name=model, number=number)
    return found.select_related("project", "model", "run").first()


def open_promotion(version: ModelVersion, environment: Environment) -> Promotion:
    """The promotion that is on its way, or the newest where it has just ended."""
    found = Promotion.objects.filter(version=version, environment=environment)
    return found.select_related("version", "environment").order_by("-pk")[0]


def waivers(user: Person) -> WaiverQuerySet:
    """The waivers of every project the person may see, past ones too, newest first."""
    found = Waiver.objects.visible_to(user).order_by("-pk")
    return found.select_related("project", "gate__environment", "version__model", "by")


def guarded_aliases(project: Project, model: str, number: int | None = None) -> list[str]:
    """The aliases of a model, or of one of its versions, that only a promotion may move."""
    found = Alias.objects.filter(project=project, model__name=model)
    if number is not None:
        found = found.filter(version__number=number)
    names = found.values_list("name", flat=True)
    return [name for name in names if guarded_environment(project, name, model)]


def versions_in(project: Project, model: str, stage: str) -> list[int]:
    """The numbers of a model's versions that the mirror knows in a stage."""
    found = ModelVersion.objects.live().filter(project=project, model__name=model)
    return list(
        found.filter(stage__iexact=stage).exclude(stage="").values_list("number", flat=True)
    )


def unwaived_gates(version: ModelVersion) -> set[int]:
    """The gates that the version's model has now and that nobody has waived for it."""
    declared = Gate.objects.filter(model=version.model_id)
    waived = Waiver.objects.holding_at(timezone.now()).filter(version=version).values("gate")
    return set(declared.exclude(pk__in=waived.exclude(gate=None)).values_list("pk", flat=True))


def has_gates(project: Project, model: str) -> bool:
    """Whether a model of this name is gated, even one that MLflow has deleted."""
    return Gate.objects.filter(project=project, model__name=model).exists()


def age(user: Person) -> Age:
    """How old the oldest mirror is that this person reads."""
    found = list(Workspace.objects.visible_to(user))
    troubles = [each.trouble for each in found if each.trouble]
    times = [each.healed_at for each in found if each.healed_at]
    return Age(min(times, default=None), troubles[0] if troubles else "")
