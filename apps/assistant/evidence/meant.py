"""The records that a question is about: those it names, else those that follow from them or from the page."""

from __future__ import annotations

from dataclasses import dataclass

from apps.assistant.routing import Route, topics
from apps.assistant.routing.words import alike
from apps.core.access import Person
from apps.deployments import selectors as deployments
from apps.incidents import selectors as incidents
from apps.models import selectors as models

MOST = 3
NEWEST = 50  # runs whose metrics are known by name
# What is asked of an open incident without naming it.
OF_OPEN = ("next", "howto", "ticket")


@dataclass(frozen=True, slots=True)
class Meant:
    """`missing` are versions that are named and are not there; `open` the open incidents where none is named."""

    deployments: tuple[str, ...]
    models: tuple[int, ...]
    versions: tuple[tuple[int, int], ...]
    incidents: tuple[int, ...]
    runs: tuple[int, ...]
    missing: tuple[str, ...]
    metric: str = ""
    open: tuple[int, ...] = ()


def meant(user: Person, route: Route) -> Meant:
    """Follow the names: a deployment leads to its model and live version, a model to where it is served."""
    named = route.named
    model_ids = [pk for pk, _ in named.models] or _of_page(route, "model")
    slugs = [*named.deployments] or _places(user, route, model_ids)
    if not slugs and not model_ids and route.page.get("kind") == "deployment":
        slugs = [route.page["id"]]
    live = _live(user, slugs)
    if not model_ids:
        model_ids = list(dict.fromkeys(model for model, _ in live)) or _only_model(user, route)
    versions, missing = _versions(user, route, model_ids, live)
    return Meant(
        deployments=tuple(slugs[:MOST]),
        models=tuple(model_ids[:MOST]),
        versions=tuple(versions[:MOST]),
        incidents=named.incidents[:MOST] or tuple(_of_page(route, "incident")),
        runs=tuple(pk for pk, _ in named.runs) or tuple(_of_page(route, "run")),
        missing=tuple(missing),
        metric=_metric(user, route) if route.wants("best") else "",
        open=tuple(_open(user, route, slugs)),
    )


def _metric(user: Person, route: Route) -> str:
    """The metric of the newest runs that stands in the question, in any form."""
    asked, _ = topics.extreme(route.text)
    runs = models.runs(user).filter(project__slug=route.project).order_by("-pk")
    names: set[str] = {
        name for told in runs.values_list("metrics", flat=True)[:NEWEST] for name in told
    }
    for word in asked:
        for name in sorted(names):
            if alike(word, name.casefold()):
                return name
    return ""


def _of_page(route: Route, kind: str) -> list[int]:
    """The record on the page, where the question names none of its own."""
    key = route.page.get("id", "")
    on_page = route.page.get("kind") == kind and key.isascii() and key.isdigit() and len(key) < 19
    return [int(key)] if on_page and route.named.nothing else []


def _open(user: Person, route: Route, slugs: list[str]) -> list[int]:
    """The open incidents of the deployments that are meant, else of the project."""
    if not route.wants(*OF_OPEN) or route.named.incidents:
        return []
    found = incidents.incidents(user).open()
    found = found.filter(project__slug=route.project) if route.project else found
    found = found.filter(deployment__slug__in=slugs) if slugs else found
    return list(found.values_list("pk", flat=True)[:MOST])


def _places(user: Person, route: Route, model_ids: list[int]) -> list[str]:
    """Where the models are served, in the environments that the question names."""
    if not model_ids:
        return []
    found = deployments.deployments(user).filter(model__in=model_ids, retired_at=None)
    if route.named.environments:
        found = found.filter(environment__name__in=route.named.environments)
    return list(found.values_list("slug", flat=True)[:MOST])


def _live(user: Person, slugs: list[str]) -> list[tuple[int, int]]:
    """Model and number of what answers there now."""
    found = deployments.releases(user).live().filter(deployment__slug__in=slugs)
    return list(found.values_list("version__model_id", "version__number")[:MOST])


def _only_model(user: Person, route: Route) -> list[int]:
    """The project's one model, where a version is named without its model."""
    if not route.named.versions or not route.named.nothing and not route.named.projects:
        return []
    found = models.models(user).filter(
        **({"project__slug": route.project} if route.project else {})
    )
    ids = list(found.order_by("pk").values_list("pk", flat=True)[:2])
    return ids if len(ids) == 1 else []


def _versions(
    user: Person, route: Route, model_ids: list[int], live: list[tuple[int, int]]
) -> tuple[list[tuple[int, int]], list[str]]:
    if not route.named.versions:
        return live or _latest(user, model_ids), []
    wanted = route.named.versions
    found = models.versions(user).filter(model__in=model_ids, number__in=wanted)
    there = list(found.order_by("number").values_list("model_id", "number"))
    numbers = {number for _, number in there}
    lost = [f"version {number}" for number in wanted if number not in numbers]
    return there, lost if model_ids else []


def _latest(user: Person, model_ids: list[int]) -> list[tuple[int, int]]:
    found = models.models(user).filter(pk__in=model_ids).order_by("pk")[:MOST]
    numbers = [(row.pk, getattr(row, "latest_number", None)) for row in found]
    return [(pk, number) for pk, number in numbers if number is not None]
