"""What the assistant may read of models, each as the person asking may see it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser

from apps.core.access import Role
from apps.core.tools import Found, told, tool
from apps.models import access, history, reading, selectors, services
from apps.models.choices import RunStatus

MOST = 20
MOST_TOLD = 10


@tool()
def list_models(*, user: AbstractUser, words: str = "") -> list[dict[str, Any]]:
    """List registered models with their aliases; words narrow by name."""
    found = selectors.models(user).filter(name__icontains=words).order_by("name")[:MOST]
    return [
        {
            "id": row.pk,
            "name": row.name,
            "project": row.project.slug,
            "aliases": {alias.name: alias.version.number for alias in row.aliases.all()},
            "url": row.get_absolute_url(),
        }
        for row in found
    ]


@tool()
def list_versions(*, user: AbstractUser, model_id: int) -> list[dict[str, Any]]:
    """List the newest versions of a registered model with aliases and metrics."""
    model = access.model(user, model_id)
    found = selectors.versions(user).filter(model=model).order_by("-number")[:MOST]
    return [
        {
            "id": row.pk,
            "number": row.number,
            "aliases": sorted(alias.name for alias in row.aliases.all()),
            "metrics": row.run.metrics if row.run else {},
            "created_at": row.created_at,
            "url": row.get_absolute_url(),
        }
        for row in found
    ]


@tool()
def who_approved(*, user: AbstractUser, version_id: int) -> list[dict[str, Any]]:
    """Say who asked for and who decided on the promotions of a model version, and what the gates said."""
    version = access.version(user, version_id)
    return [
        {
            "id": row.pk,
            "environment": row.environment.name,
            "state": row.state,
            "requested_by": row.requested_by.username,
            "requested_at": row.requested_at,
            "decided_by": decision.by.username if decision else None,
            "gates": [result.sentence for result in row.results.all()],
            "url": row.get_absolute_url(),
        }
        for row in selectors.promotions(user).filter(version=version)[:MOST]
        for decision in [getattr(row, "decision", None)]
    ]


@tool()
def model_facts(*, user: AbstractUser, model_id: int) -> list[Found]:
    """A registered model: owner, aliases, how many versions."""
    row = selectors.models(user).filter(pk=access.model(user, model_id).pk)[0]
    count = getattr(row, "version_count", 0)
    return [reading.model(row, count, getattr(row, "latest_number", None))]


@tool()
def version_facts(*, user: AbstractUser, model_id: int, number: int) -> list[Found]:
    """One version of a model: metrics, params, data, run, aliases, signature."""
    model = access.model(user, model_id)
    found = selectors.versions(user).filter(model=model, number=number)
    rows = list(found.select_related("facts")[:1])
    return [reading.with_facts(reading.version(row), reading.signature(row)) for row in rows]


@tool()
def promotion_facts(
    *, user: AbstractUser, model_id: int, number: int | None = None, environment: str = ""
) -> list[Found]:
    """Who asked for and who decided on the promotions of a model, and what its gates said."""
    found = selectors.promotions(user).filter(version__model=access.model(user, model_id))
    found = found.filter(version__number=number) if number is not None else found
    found = found.filter(environment__name=environment) if environment else found
    return [reading.promotion(row) for row in found[:MOST_TOLD]]


@tool()
def waiting_promotions(*, user: AbstractUser, project: str | None = None) -> list[Found]:
    """The promotions that wait for somebody's approval."""
    found = selectors.promotions(user).waiting()
    found = found.filter(project__slug=project) if project else found
    return [reading.promotion(row) for row in found[:MOST_TOLD]]


@tool()
def alias_moves(*, user: AbstractUser, model_id: int) -> list[Found]:
    """Which version held each alias of a model, who moved it when, newest first."""
    found = history.moves(user).filter(model=access.model(user, model_id))
    return [reading.move(row) for row in found[:MOST_TOLD]]


@tool()
def compare_versions(*, user: AbstractUser, model_id: int, one: int, other: int) -> list[Found]:
    """What two versions of a model differ in."""
    found = selectors.versions(user).filter(model=access.model(user, model_id))
    rows = {row.number: row for row in found.filter(number__in=[one, other])}
    if {one, other} - rows.keys():
        return []
    return [reading.differences(rows[one], rows[other])]


@tool()
def run_facts(*, user: AbstractUser, run_id: int) -> list[Found]:
    """One run: status, who started it when, metrics, params, data."""
    return [reading.run(access.run(user, run_id))]


@tool()
def best_runs(
    *, user: AbstractUser, metric: str, project: str, lowest: bool = False
) -> list[Found]:
    """The run of a project with the highest, or the lowest, value of a metric."""
    row = selectors.best_run(user, metric=metric, project=project, lowest=lowest)
    if row is None:
        return []
    value = reading.number(row.metrics.get(metric))
    text = f"The run with the {'lowest' if lowest else 'highest'} {metric} in {project} is {row}, with {value}."
    return [
        told("run", row.pk, f"Run {row}", row.get_absolute_url(), {"best": text}),
    ]


@tool()
def runs_counted(*, user: AbstractUser, project: str | None = None) -> list[Found]:
    """How many runs and how many registered models there are."""
    runs, models = selectors.runs(user), selectors.models(user)
    if project:
        runs, models = runs.filter(project__slug=project), models.filter(project__slug=project)
    where = f" in {project}" if project else ""
    names = ", ".join(models.order_by("name").values_list("name", flat=True)[:MOST_TOLD])
    failed = runs.filter(status=RunStatus.FAILED).count()
    facts = {
        "count:runs": f"There are {runs.count()} runs{where}; {failed} of them failed.",
        "count:models": f"There are {models.count()} registered models{where}{': ' + names if names else ''}.",
    }
    return [told("count", f"models:{project or ''}", "Runs and models", "/models/", facts)]


@tool(writes=True)
def promote_version(*, user: AbstractUser, version_id: int, environment: str) -> str:
    """Ask for a model version to enter an environment."""
    version = access.version(user, version_id, Role.CONTRIBUTOR)
    place = access.environment(user, version.project, environment)
    promotion = services.request_promotion(version=version, environment=place, by=user)
    return f"Asked for {promotion}; its gates are being checked."
