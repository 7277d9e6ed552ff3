"""The only way from an id in a request to a row: what a user may not see does not exist."""

from __future__ import annotations

from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import Invalid, NotFound
from apps.integrations.models import Connection
from apps.models import history, homes
from apps.models.models import (
    EvidencePack,
    Experiment,
    Gate,
    ModelVersion,
    OutOfBandMove,
    Promotion,
    RegisteredModel,
    Run,
    Waiver,
)
from apps.projects.models import Environment, Project

LARGEST_ID = 2**63 - 1


def run(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Run:
    """The run, where the person holds at least this role in its project."""
    found = Run.objects.visible_to(user).select_related("project", "experiment", "logged_by")
    if (row := found.filter(pk=pk).first()) is None:
        raise NotFound(what="run")
    access.require(user, row.project_id, at_least, what="run")
    return row


def experiment(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Experiment:
    """The experiment, where the person holds at least this role in its project."""
    found = Experiment.objects.visible_to(user).select_related("project")
    if (row := found.filter(pk=pk).first()) is None:
        raise NotFound(what="experiment")
    access.require(user, row.project_id, at_least, what="experiment")
    return row


def model(user: Person, pk: int, at_least: Role = Role.VIEWER) -> RegisteredModel:
    """The registered model, where the person holds at least this role in its project."""
    found = RegisteredModel.objects.visible_to(user).live()
    found = found.select_related("project", "owner", "deputy")
    if (row := found.filter(pk=pk).first()) is None:
        raise NotFound(what="model")
    access.require(user, row.project_id, at_least, what="model")
    return row


def version(user: Person, pk: int, at_least: Role = Role.VIEWER) -> ModelVersion:
    """The model version, where the person holds at least this role in its project."""
    found = ModelVersion.objects.visible_to(user).live()
    found = found.select_related("project", "model", "run__experiment", "registered_by", "facts")
    if (row := found.filter(pk=pk).first()) is None:
        raise NotFound(what="model version")
    access.require(user, row.project_id, at_least, what="model version")
    return row


def numbered(model: RegisteredModel, number: object) -> ModelVersion | None:
    """A version of the model by its number, as an address names it; `None` where none is named."""
    if not number:
        return None
    found = model.versions.live().filter(number=int(str(number))) if _is_id(number) else None
    row = found.select_related("run", "registered_by").first() if found is not None else None
    if row is None:
        raise NotFound(what="model version")
    return row


def pack(user: Person, pk: int) -> EvidencePack:
    """The evidence pack with its bytes, where the person sees its project."""
    found = EvidencePack.objects.visible_to(user).select_related("version__model")
    row = found.filter(pk=pk, version__in=ModelVersion.objects.live()).first()
    if row is None or row.content is None:
        raise NotFound(what="evidence pack")
    return row


def gate(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Gate:
    """The gate, where the person holds at least this role in its project."""
    found = Gate.objects.visible_to(user).select_related("project", "model", "environment")
    if (row := found.filter(pk=pk).first()) is None:
        raise NotFound(what="gate")
    access.require(user, row.project_id, at_least, what="gate")
    return row


def waiver(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Waiver:
    """The waiver, where the person holds at least this role in its project."""
    found = Waiver.objects.visible_to(user).select_related("project", "gate", "version__model")
    if (row := found.filter(pk=pk).first()) is None:
        raise NotFound(what="waiver")
    access.require(user, row.project_id, at_least, what="waiver")
    return row


def promotion(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Promotion:
    """The promotion, where the person holds at least this role in its project."""
    found = Promotion.objects.visible_to(user).select_related(
        "project", "version__model", "environment", "requested_by", "decision__by"
    )
    if (row := found.filter(pk=pk).first()) is None:
        raise NotFound(what="promotion")
    access.require(user, row.project_id, at_least, what="promotion")
    return row


def environment(user: Person, project: Project, given: object) -> Environment:
    """An environment of the project by its name or its id."""
    found = Environment.objects.visible_to(user).filter(project=project)
    named = found.filter(name=str(given)) if isinstance(given, str) else found.none()
    numbered = found.filter(pk=int(str(given))) if _is_id(given) else found.none()
    if (row := named.first() or numbered.first()) is None:
        names = ", ".join(found.values_list("name", flat=True))
        raise Invalid(field="environment", reason=f"one of {names}, by name or id")
    return row


def out_of_band(user: Person, pk: int, at_least: Role = Role.VIEWER) -> OutOfBandMove:
    """The out-of-band move, where the person holds at least this role in its project."""
    if (row := history.out_of_band(user).filter(pk=pk).first()) is None:
        raise NotFound(what="out-of-band move")
    access.require(user, row.project_id, at_least, what="out-of-band move")
    return row


def home_connection(user: Person, project: Project, pk: int | None) -> Connection | None:
    """The connection that is to become the project's home; `None` names the site's own server."""
    if pk is None:
        return None
    if (found := homes.choices(user, project).filter(pk=pk).first()) is None:
        reason = "the id of an MLflow connection of the project, or null for the site's own server"
        raise Invalid(field="connection", reason=reason)
    return found


def _is_id(given: object) -> bool:
    shown = str(given)
    digits = shown.isascii() and shown.isdigit() and len(shown) <= 19
    return digits and 0 < int(shown) <= LARGEST_ID
