"""For each topic the read tools that know it, and the facts that answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.assistant.evidence.meant import Meant
from apps.assistant.routing import Route, topics

Call = tuple[str, dict[str, Any]]
Recipe = Callable[[Route, Meant], Iterator[Call]]
BEFORE = timedelta(hours=24)
# Topics beside which no other is looked up: their words occur in questions of all kinds.
ALONE = ("next", "well", "count", "compare", "changed")
WEAK = ("serves", "status", "release")


def wanted(route: Route) -> tuple[str, ...]:
    """The topics that are looked up: weak ones only where no stronger one stands beside them."""
    # Why something is so comes with what the runbooks say, so what to do next needs no look of its own.
    asked = [each for each in route.topics if each != "next" or "why" not in route.topics]
    if alone := [each for each in ALONE if each in asked]:
        return (alone[0],)
    strong = tuple(each for each in asked if each not in WEAK)
    # What broke is a list where a stretch of time is named, and a story where none is.
    listed = "happened" in strong and route.when.since
    return (
        tuple(each for each in strong if each != ("why" if listed else "happened")) or route.topics
    )


def _where(route: Route) -> dict[str, Any]:
    return {"project": route.project} if route.project else {}


def _for_deployments(tool: str) -> Recipe:
    def calls(route: Route, meant: Meant) -> Iterator[Call]:
        for slug in meant.deployments:
            yield tool, {"deployment": slug}

    return calls


def _narrowed(tool: str, **more: Any) -> Recipe:
    """Of the deployments that are meant, else of the project."""

    def calls(route: Route, meant: Meant) -> Iterator[Call]:
        for slug in meant.deployments:
            yield tool, {"deployment": slug, **more}
        if not meant.deployments:
            yield tool, {**_where(route), **more}

    return calls


def _serves(route: Route, meant: Meant) -> Iterator[Call]:
    if route.when.moment:
        places = route.named.environments
        yield (
            "served_when",
            {
                "at": route.when.moment,
                "environment": places[0] if places else None,
                **_where(route),
            },
        )
        return
    for slug in meant.deployments:
        yield "deployment_state", {"deployment": slug}
    if not meant.deployments and not meant.models:
        yield "serving_now", _where(route)


def _approved(route: Route, meant: Meant) -> Iterator[Call]:
    if route.when.moment:
        yield from _serves(route, meant)
        return
    place = route.named.environments[0] if len(route.named.environments) == 1 else ""
    numbered = bool(route.named.versions)
    for model, number in meant.versions:
        yield (
            "promotion_facts",
            {"model_id": model, "number": number, **({"environment": place} if place else {})},
        )
    if not numbered:
        yield from _for_deployments("deployment_state")(route, meant)
    if not meant.versions and not meant.deployments:
        yield "serving_now", _where(route)


def _versions(route: Route, meant: Meant) -> Iterator[Call]:
    for model, number in meant.versions:
        yield "version_facts", {"model_id": model, "number": number}
    for run in meant.runs:
        yield "run_facts", {"run_id": run}


def _models(route: Route, meant: Meant) -> Iterator[Call]:
    for model in meant.models:
        yield "model_facts", {"model_id": model}


def _owner(route: Route, meant: Meant) -> Iterator[Call]:
    if route.named.models:
        yield from _models(route, meant)
    slugs = route.named.projects or ((route.project,) if route.project else ())
    for slug in slugs:
        yield "project_facts", {"project": slug}
    if not slugs:
        yield from _models(route, meant)


def _alias(route: Route, meant: Meant) -> Iterator[Call]:
    if route.named.versions:
        yield from _versions(route, meant)
    yield from _models(route, meant)


def _moved(route: Route, meant: Meant) -> Iterator[Call]:
    for model in meant.models:
        yield "alias_moves", {"model_id": model}


def _compare(route: Route, meant: Meant) -> Iterator[Call]:
    if len(meant.versions) >= 2:
        (model, one), (_, other) = meant.versions[:2]
        yield "compare_versions", {"model_id": model, "one": one, "other": other}
    yield from _versions(route, meant)


def _incident(route: Route, meant: Meant) -> Iterator[Call]:
    for pk in meant.incidents:
        yield "incident_facts", {"incident_id": pk}
    if not meant.incidents and route.when.since:
        stretch = {"since": route.when.since, "until": route.when.until or timezone.now()}
        yield from _narrowed("incidents_between", **stretch)(route, meant)
    elif not meant.incidents:
        yield from _narrowed("incidents_of")(route, meant)


def _well(route: Route, meant: Meant) -> Iterator[Call]:
    """What is open and what fires."""
    yield from _narrowed("incidents_of", only_open=True)(route, meant)
    yield from _narrowed("alerts_of")(route, meant)


def _next(route: Route, meant: Meant) -> Iterator[Call]:
    """What waits for somebody: incidents with what their runbooks say, alerts, approvals."""
    for pk in meant.incidents or meant.open:
        yield "incident_evidence", {"incident_id": pk}
    yield from _well(route, meant)
    yield "waiting_promotions", _where(route)


def _ticket(route: Route, meant: Meant) -> Iterator[Call]:
    for pk in meant.incidents or meant.open:
        yield "tickets_of", {"incident_id": pk}


def _why(route: Route, meant: Meant) -> Iterator[Call]:
    for pk in meant.incidents:
        yield "incident_evidence", {"incident_id": pk}
    if not meant.incidents:
        if meant.deployments:
            yield from _narrowed("incidents_of")(route, meant)
        yield "newest_incident_evidence", _where(route)
        yield from _narrowed("alerts_of")(route, meant)
        yield from _serves(route, meant)


def _changed(route: Route, meant: Meant) -> Iterator[Call]:
    now = timezone.now()
    when = route.when
    if when.moment:
        since, until = when.moment - BEFORE, when.moment
    else:
        since, until = when.since or now - BEFORE, when.until or now
    yield "changes_between", {"since": since, "until": until, **_where(route)}


def _howto(route: Route, meant: Meant) -> Iterator[Call]:
    for pk in meant.incidents or (meant.open if meant.deployments else ()):
        yield "incident_evidence", {"incident_id": pk}
    yield "find_passages", {"words": route.text, **_where(route)}


def _best(route: Route, meant: Meant) -> Iterator[Call]:
    if meant.metric and route.project:
        _, lowest = topics.extreme(route.text)
        yield "best_runs", {"metric": meant.metric, "project": route.project, "lowest": lowest}


def _count(route: Route, meant: Meant) -> Iterator[Call]:
    tool = COUNTED.get(topics.counted(route.text), "")
    if tool:
        yield from RECIPES[tool](route, meant)


def _runs(route: Route, meant: Meant) -> Iterator[Call]:
    yield "runs_counted", _where(route)


def _members(route: Route, meant: Meant) -> Iterator[Call]:
    for slug in route.named.projects or ((route.project,) if route.project else ()):
        yield "project_facts", {"project": slug}


def _purpose(route: Route, meant: Meant) -> Iterator[Call]:
    yield from _members(route, meant)
    yield from _models(route, meant)


def _on_call(route: Route, meant: Meant) -> Iterator[Call]:
    yield "on_call_now", _where(route)


def _monitor(route: Route, meant: Meant) -> Iterator[Call]:
    for name in route.named.monitors:
        yield "monitors_of", {"name": name, **_where(route)}
    if not route.named.monitors:
        yield from _narrowed("monitors_of")(route, meant)


def _connection(route: Route, meant: Meant) -> Iterator[Call]:
    for name in route.named.connections:
        yield "connections_state", {"name": name, **_where(route)}
    if not route.named.connections:
        yield "connections_state", _where(route)


def _jobs(route: Route, meant: Meant) -> Iterator[Call]:
    yield "jobs_failed", {}


def _projects(route: Route, meant: Meant) -> Iterator[Call]:
    yield "projects_counted", {}


def _deployments(route: Route, meant: Meant) -> Iterator[Call]:
    yield "deployments_of", _where(route)


def _waiting(route: Route, meant: Meant) -> Iterator[Call]:
    yield "waiting_promotions", _where(route)


def _status(route: Route, meant: Meant) -> Iterator[Call]:
    yield from _serves(route, meant) if meant.deployments else ()
    for run in meant.runs:
        yield "run_facts", {"run_id": run}
    for pk in meant.incidents:
        yield "incident_facts", {"incident_id": pk}
    yield from _connection(route, meant) if route.named.connections else ()
    yield from _monitor(route, meant) if route.named.monitors else ()
    for slug in meant.deployments:
        yield "monitors_of", {"deployment": slug}
        yield "alerts_of", {"deployment": slug}


RECIPES: dict[str, Recipe] = {
    "howto": _howto, "why": _why, "changed": _changed, "compare": _compare, "waiting": _waiting,
    "approved": _approved, "gates": _approved, "count": _count, "requested": _for_deployments("release_history"),
    "last_good": _for_deployments("deployment_state"), "acknowledged": _incident, "resolved": _incident,
    "severity": _incident, "ticket": _ticket, "members": _members, "owner": _owner, "environments": _members,
    "dataset": _versions, "signature": _versions, "run": _versions, "registered": _versions, "best": _best,
    "moved": _moved, "alias": _alias, "replicas": _for_deployments("deployment_state"),
    "latency": _for_deployments("deployment_traffic"), "errors": _for_deployments("deployment_traffic"),
    "traffic": _for_deployments("deployment_traffic"), "predictions": _for_deployments("predictions_counted"),
    "budget": _narrowed("objectives_of"), "monitor": _monitor, "alert": _narrowed("alerts_of"),
    "incident": _incident, "job": _jobs, "connection": _connection,
    "release": _for_deployments("release_history"), "versions": _models, "serves": _serves, "status": _status,
    "purpose": _purpose, "next": _next, "well": _well, "happened": _incident, "approvers": _members,
    "reason": _incident, "on_call": _on_call,
    "runs": _runs, "models": _runs, "projects": _projects, "deployments": _deployments,
}  # fmt: skip

# What is counted and the topic that counts it.
COUNTED = {
    "incidents": "incident", "alerts": "alert", "monitors": "monitor", "runs": "runs", "models": "models",
    "versions": "versions", "members": "members", "replicas": "replicas", "predictions": "predictions",
    "requests": "traffic", "projects": "projects", "deployments": "deployments", "jobs": "job",
}  # fmt: skip

# The facts that answer a topic, the best first; a name ending in `:` is any fact that begins so.
FACTS: dict[str, tuple[str, ...]] = {
    "approved": ("approved", "requested", "serves"), "gates": ("gates",), "waiting": ("promotion", "requested"),
    "requested": ("release", "requested"), "last_good": ("last_good",), "acknowledged": ("acknowledged",),
    "resolved": ("resolved",), "severity": ("severity",), "ticket": ("ticket",), "members": ("members",),
    "owner": ("owner",), "environments": ("environments",), "dataset": ("dataset",),
    "signature": ("signature",), "run": ("run",), "registered": ("registered",), "best": ("best",),
    "moved": ("moved",), "alias": ("alias",), "replicas": ("replicas",), "latency": ("latency",),
    "errors": ("errors",), "traffic": ("traffic",), "predictions": ("count:predictions", "last_prediction"),
    "budget": ("budget", "objective"), "monitor": ("monitor", "verdict", "paused"), "alert": ("alert", "count:alerts"),
    "incident": ("incident", "count:incidents"), "job": ("count:jobs", "job"), "connection": ("connection", "off"),
    "release": ("release",), "versions": ("versions",), "serves": ("serves",), "changed": ("change",),
    "status": ("serves", "status", "started", "incident", "connection", "monitor", "alert", "count:alerts"),
    "happened": ("incident", "count:incidents"), "approvers": ("approvers",), "reason": ("reason", "resolved"),
    "on_call": ("on_call",), "purpose": ("purpose", "risk"), "compare": ("difference:",),
    "runs": ("count:runs",), "models": ("count:models",), "projects": ("count:projects",),
    "deployments": ("count:deployments",),
}  # fmt: skip
COUNTS = {
    "incidents": ("count:incidents",), "alerts": ("count:alerts",), "monitors": ("count:monitors",),
    "versions": ("versions",), "members": ("members",), "replicas": ("replicas",),
    "predictions": ("count:predictions",), "requests": ("traffic",), "jobs": ("count:jobs",),
}  # fmt: skip
