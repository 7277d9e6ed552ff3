"""What a client may not do past the gates: each refusal says the way to ask."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.conf import settings

from apps.models import selectors, services
from apps.models.choices import PromotionState
from apps.models.errors import AlreadyPromoting, AlreadyThere
from apps.models.mirror import refresh
from apps.models.mirror.shapes import whole
from apps.models.models import ModelVersion, Promotion
from apps.models.proxy import refusals
from apps.models.proxy.change import Change
from apps.models.proxy.confines import require_run
from apps.models.upstream import Upstream
from apps.projects.models import Environment

Json = dict[str, Any]

# What lies in the project's own workspace. MLflow itself takes any address its server can open.
SOURCES = frozenset({"runs", "models", "mlflow-artifacts"})


def takes_own_files(change: Change) -> None:
    """A version's files come from a run or a logged model of the same project."""
    source = change.text("source")
    scheme, colon, rest = source.partition(":")
    if (colon and scheme not in SOURCES) or (not colon and "/" in source):
        raise refusals.unusable(
            "A version is made from files of this project: log the model to a run first, "
            "then register it from runs:/ or models:/."
        )
    first = rest.strip("/").partition("/")[0]
    runs = {change.text("run_id"), first if scheme == "runs" else ""} - {""}
    logged = first if scheme == "models" and first.startswith("m-") else ""
    models = {change.text("model_id"), logged} - {""}
    for run in runs:
        require_run(change.project.slug, run)
    mlflow = Upstream(change.project.slug)
    for model in models:
        if mlflow.find(f"2.0/mlflow/logged-models/{quote(model, safe='')}") is None:
            raise refusals.absent(f"Logged model {model[:80]!r}")


def promotes(change: Change) -> Json | None:
    """An alias named like a guarded environment moves by a promotion: this one asks for it.

    Answers what MLflow would where the promotion went all the way; else the client reads why not.
    """
    alias, model = change.text("alias"), change.text("name")
    environment = selectors.guarded_environment(change.project, alias, model)
    if environment is None:
        return None
    if change.method != "POST" or alias != environment.name:
        raise _ask_instead("alias", alias, environment)
    version = _version(change, model, whole(change.text("version")))
    try:
        promotion = services.promote_now(version=version, environment=environment, by=change.user)
    except AlreadyThere:
        return {}
    except AlreadyPromoting as refusal:
        promotion = selectors.open_promotion(version, environment)
        raise refusals.denied(f"{refusal} See {_address(promotion)}.") from refusal
    if promotion.state != PromotionState.DONE:
        raise refusals.denied(_why_not(promotion))
    return {}


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


def _version(change: Change, model: str, number: int) -> ModelVersion:
    """The version that the client names; asked of MLflow where the mirror has not met it yet."""
    if (found := selectors.numbered_version(change.project, model, number)) is None:
        refresh.version(change.project, model, number, by=change.user)
        found = selectors.numbered_version(change.project, model, number)
    if found is None:
        raise refusals.absent(f"Version {number} of {model[:80]!r}")
    return found


def _why_not(promotion: Promotion) -> str:
    """What stopped the promotion, or whom it waits for, with the page that shows it."""
    address, name = _address(promotion), promotion.environment.name
    if promotion.state == PromotionState.REFUSED:
        failed = promotion.results.filter(passed=False, waiver=None)
        said = " ".join(f"Gate {each.kind}: {each.sentence}" for each in failed[:5])
        return f"The promotion to {name} is refused. {said} See {address}."
    if promotion.state == PromotionState.WAITING:
        return (
            f"{name} is protected: another maintainer approves the promotion at {address}. "
            f"The alias moves then; there is no need to ask again."
        )
    return f"The promotion to {name} is {promotion.state}. Follow it at {address}."


def _address(promotion: Promotion) -> str:
    return f"{settings.PUBLIC_URL}{promotion.get_absolute_url()}"


def _refuse_guarded(change: Change, what: str, word: str) -> None:
    environment = selectors.guarded_environment(change.project, word, change.text("name"))
    if environment is not None:
        raise _ask_instead(what, word, environment)


def _ask_instead(what: str, word: str, environment: Environment) -> refusals.Refusal:
    return refusals.denied(
        f"The {what} {word} says what belongs into {environment.name}, which is guarded. "
        f"Ask for a promotion instead: set the alias {environment.name}, use the version's page in "
        f"the portal, or POST /api/v1/model-versions/<id>/promote/ "
        f'{{"environment": "{environment.name}"}}.'
    )


def _refuse_holding(change: Change, aliases: list[str]) -> None:
    if aliases:
        raise refusals.denied(
            f"It holds {', '.join(aliases)}. Promote another version there first."
        )
