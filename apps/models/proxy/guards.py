"""What a client may not do past the gates: each refusal says the way to ask."""

from __future__ import annotations

from urllib.parse import quote

from apps.models import selectors
from apps.models.mirror.shapes import whole
from apps.models.proxy import refusals
from apps.models.proxy.change import Change
from apps.models.upstream import Upstream

# What lies in the project's own workspace. MLflow itself takes any address its server can open.
SOURCES = frozenset({"runs", "models", "mlflow-artifacts"})


def takes_own_files(change: Change) -> None:
    """A version's files come from a run or a logged model of the same project."""
    source = change.text("source")
    scheme, colon, rest = source.partition(":")
    if (colon and scheme.lower() not in SOURCES) or (not colon and "/" in source):
        raise refusals.unusable(
            "A version is made from files of this project: log the model to a run first, "
            "then register it from runs:/ or models:/."
        )
    first = rest.strip("/").partition("/")[0]
    runs = {change.text("run_id"), first if scheme.lower() == "runs" else ""} - {""}
    logged = first if scheme.lower() == "models" and first.startswith("m-") else ""
    models = {change.text("model_id"), logged} - {""}
    mlflow = Upstream(change.project.slug)
    for run in runs:
        if mlflow.find("2.0/mlflow/runs/get", run_id=run) is None:
            raise refusals.absent(f"Run {run[:80]!r}")
    for model in models:
        if mlflow.find(f"2.0/mlflow/logged-models/{quote(model, safe='')}") is None:
            raise refusals.absent(f"Logged model {model[:80]!r}")


def keeps_alias(change: Change) -> None:
    """An alias named like a guarded environment moves by a promotion alone."""
    _refuse_guarded(change, "alias", change.text("alias"))


def keeps_stage(change: Change) -> None:
    """A stage that speaks for a guarded environment is no way around it."""
    _refuse_guarded(change, "stage", change.text("stage"))


def keeps_promoted_version(change: Change) -> None:
    """A version that holds a guarded alias stays."""
    number = whole(change.text("version"))
    _refuse_holding(change, selectors.guarded_aliases(change.project, change.text("name"), number))


def keeps_promoted_model(change: Change) -> None:
    """A model whose version holds a guarded alias stays."""
    _refuse_holding(change, selectors.guarded_aliases(change.project, change.text("name")))


def keeps_gated_name(change: Change) -> None:
    """Gates are known by the model's name; a rename would leave them behind."""
    name = change.text("name")
    if selectors.has_gates(change.project, name):
        raise refusals.denied(
            f"{name} has gates, so it keeps its name. A maintainer removes its gates first."
        )
    keeps_promoted_model(change)


def _refuse_guarded(change: Change, what: str, word: str) -> None:
    model = change.text("name")
    environment = selectors.guarded_environment(change.project, word, model)
    if environment is not None:
        raise refusals.denied(
            f"The {what} {word} says what belongs into {environment.name}, which is guarded. "
            f"Ask for a promotion instead: on the version's page in the portal, or "
            f"POST /api/v1/model-versions/<id>/promote/ "
            f'{{"environment": "{environment.name}"}}.'
        )


def _refuse_holding(change: Change, aliases: list[str]) -> None:
    if aliases:
        raise refusals.denied(
            f"It holds {', '.join(aliases)}. Promote another version there first."
        )
