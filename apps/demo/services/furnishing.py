"""What a project of the demo holds. Each verb looks first, and makes only what is missing."""

from __future__ import annotations

import secrets
from typing import Any

from apps.accounts.models import User
from apps.demo import calls
from apps.demo.models import Demo, Feed
from apps.demo.services import cast, placing
from apps.demo.services.training import train as run_script
from apps.demo.worlds import CAST, STRANGER_SLUG, World
from apps.deployments.configs import Strategy
from apps.deployments.models import Deployment
from apps.deployments.services import create_deployment, reinstate_deployment, request_release
from apps.docs.services import import_shipped
from apps.integrations.models import Connection
from apps.integrations.services import create_connection, set_enabled
from apps.models.models import ModelVersion, RegisteredModel
from apps.models.services import declare_gate
from apps.monitoring.models import Monitor
from apps.monitoring.services import baseline_from_run, change_monitor, create_monitor
from apps.monitoring.services.objectives import Promise, create_slo
from apps.projects.models import Environment, Project
from apps.projects.services import create_project, grant_role, name_deputy, unarchive_project

INPUTS = "training/inputs.csv"
DESK_EMAIL = "demo@signalbox.invalid"
# Small windows and short times: the demo runs faster than life.
WATCHED: tuple[tuple[str, Monitor.Kind, int, dict[str, Any]], ...] = (
    ("Inputs", Monitor.Kind.INPUT_DRIFT, 5, {}),
    ("Answers", Monitor.Kind.PERFORMANCE, 10, {"hours": 1}),
    ("Latency", Monitor.Kind.LATENCY, 10, {"minutes": 1, "least_requests": 10, "quantile": 0.9, "most_ms": 250}),
    ("Ground truth", Monitor.Kind.LABELS, 10,
     {"due_hours": 0.01, "hours": 0.02, "at_least": 0.5, "most_lag_hours": 0.05}),
    ("Failures", Monitor.Kind.ERRORS, 10, {"minutes": 2, "least_requests": 10}),
)  # fmt: skip
# An error of numbers varies more than a share of right answers: 150 rows could not show that it doubled.
WINDOW = {Monitor.Kind.INPUT_DRIFT: 120, Monitor.Kind.PERFORMANCE: 400}


def open_project(demo: Demo, *, place: World) -> bool:
    """The project with its members and the shipped runbooks."""
    owner = cast.actor(demo, "owner")
    project = Project.objects.filter(demo_feed__world=place.slug).first()
    if project is None:
        project = Project.objects.filter(slug=place.slug, owner=owner).first() or create_project(
            name=place.name, slug=place.slug, purpose=place.purpose,
            criticality=place.criticality, by=owner,
        )  # fmt: skip
        Feed.objects.create(project=project, world=place.slug)
    if project.archived_at is not None:
        unarchive_project(project=project, by=owner)
    _join(demo, project, owner)
    if not project.documents.exists():
        import_shipped(project=project, by=owner)
    return True


def _join(demo: Demo, project: Project, owner: User) -> None:
    members = set(project.grants.values_list("user_id", flat=True))
    for part in CAST:
        person = cast.actor(demo, part.key)
        if person.pk not in members:
            grant_role(project=project, holder=person, role=part.role, by=owner)
    if project.deputy_id is None:
        name_deputy(project=project, deputy=cast.actor(demo, "owner2"), by=owner)


def open_elsewhere(demo: Demo) -> bool:
    """A project of somebody who belongs to none of the others, and sees nothing of them."""
    stranger = cast.actor(demo, "stranger")
    present = Project.objects.filter(slug=STRANGER_SLUG, owner=stranger).first()
    if present is None:
        purpose = "Demo. A project of somebody who sees nothing of the other three."
        create_project(name="Harbour traffic", slug=STRANGER_SLUG, purpose=purpose, by=stranger)
    elif present.archived_at is not None:
        unarchive_project(project=present, by=stranger)
    return True


def train(demo: Demo, *, place: World) -> bool:
    """The runs and the first two versions, by the team's own script; and the rows that it held out."""
    feed = _feed(place)
    told = run_script(demo, place=place, project=feed.project)
    feed.columns, feed.rows = told["columns"], told["rows"]
    feed.truth, feed.shifted = told["truth"], told["shifted"]
    feed.save(update_fields=["columns", "rows", "truth", "shifted"])
    return True


def ask(demo: Demo, *, place: World, number: int) -> bool:
    """A gate, a promotion that one asks for and another approves."""
    feed = _feed(place)
    version = _version(feed.project, place, number)
    if version is None:  # the mirror of MLflow has not seen it yet
        return False
    prod = _prod(feed.project)
    if not version.model.gates.filter(environment=prod).exists():
        declare_gate(
            model=version.model, environment=prod, kind="metric_floor",
            settings=place.gate, by=cast.actor(demo, "owner"),
        )  # fmt: skip
    note = "First version." if number == 1 else "Better on the held-out rows than version 1."
    by = cast.actor(demo, "maintainer")
    asked = placing.ask(version=version, environment=prod, by=by, note=note)
    second = cast.actor(demo, "owner2")
    return placing.is_promoted(promotion=asked, by=second, note="The gate holds; go ahead.")


def release(demo: Demo, *, place: World, number: int) -> bool:
    """The deployment on this machine, and a release of the version."""
    feed = _feed(place)
    version = _version(feed.project, place, number)
    if version is None:
        return False
    by = cast.actor(demo, "maintainer")
    deployment = _deployment(feed, place, version.model, by)
    if placing.release_of(deployment=deployment, version=version) is None and (
        deployment.releases.in_flight().exists()
    ):
        return False
    reason = f"Version {number} passed its gate."
    placing.release(
        deployment=deployment, version=version, by=by, strategy=Strategy(), reason=reason
    )
    return True


def _deployment(feed: Feed, place: World, model: RegisteredModel, by: User) -> Deployment:
    found = feed.deployment or Deployment.objects.filter(slug=place.deployment).first()
    if found is None:
        prod = _prod(feed.project)
        found = create_deployment(environment=prod, model=model, slug=place.deployment, by=by)
    if found.retired_at is not None:
        found = reinstate_deployment(deployment=found, by=by)
    if feed.deployment_id != found.pk:
        feed.deployment = found
        feed.save(update_fields=["deployment"])
    return found


def is_live(demo: Demo, *, place: World, number: int) -> bool:
    """Whether the version answers, or a later one; what went wrong on its way is asked for again."""
    feed = _feed(place)
    assert feed.deployment is not None
    releases = feed.deployment.releases
    if releases.live().filter(version__number__gte=number).exists():
        return True
    version = _version(feed.project, place, number)
    if version is not None and not releases.in_flight().exists():
        by, reason = cast.actor(demo, "maintainer"), f"Version {number} passed its gate."
        request_release(
            deployment=feed.deployment, version=version, by=by, strategy=Strategy(), reason=reason
        )
    return False


def connect(demo: Demo, *, place: World) -> bool:
    """The stand-ins as the project's tracker and pager; their secrets are made up here."""
    known = cast.kept(demo)
    if "desk" not in known:
        cast.keep(demo, desk=secrets.token_urlsafe(24), signing=secrets.token_urlsafe(24))
        known = cast.kept(demo)
    base = f"{calls.own_address()}/demo/stand-in"
    shared = {"api_token": known["desk"], "secret": known["signing"]}
    jira = {"site": f"{base}/jira", "email": DESK_EMAIL, "project": "ML"}
    pager = {
        "events": f"{base}/pagerduty/api", "api": f"{base}/pagerduty/api", "email": DESK_EMAIL
    }  # fmt: skip
    by, project = cast.actor(demo, "maintainer"), _feed(place).project
    for slug, name, values, closed in (
        ("jira", "Jira (stand-in)", jira, shared),
        ("pagerduty", "PagerDuty (stand-in)", pager, {**shared, "routing_key": known["desk"]}),
    ):
        found = Connection.objects.filter(project=project, slug=slug).first()
        if found is None:
            create_connection(
                project=project, slug=slug, name=name, values=values, secrets=closed, by=by
            )
        elif not found.enabled:
            set_enabled(connection=found, enabled=True, by=by)
    return True


def watch(demo: Demo, *, place: World) -> bool:
    """A baseline from the training rows, monitors over small windows, and a promise."""
    deployment = _feed(place).deployment
    assert deployment is not None
    if not deployment.releases.live().exists():
        return False
    by = cast.actor(demo, "maintainer")
    baseline = deployment.baselines.order_by("-pk").first() or baseline_from_run(
        deployment=deployment, path=INPUTS, by=by
    )
    names = set(deployment.monitors.values_list("name", flat=True))
    for name, kind, seconds, settings in WATCHED:
        more = {"floor": place.floor} if kind == Monitor.Kind.PERFORMANCE else {}
        if name not in names:
            create_monitor(
                name=name, by=by, deployment=deployment, kind=kind, settings={**settings, **more},
                baseline=baseline if kind == Monitor.Kind.INPUT_DRIFT else None,
                window_rows=WINDOW.get(kind, 200), every_seconds=seconds, hold_seconds=120,
            )  # fmt: skip
    if not deployment.slos.exists():
        promise = Promise("Answers come", "availability", 0.99)
        create_slo(deployment=deployment, promise=promise, by=by)
    return True


def put_back(demo: Demo, *, place: World) -> bool:
    """The second version live again, watched against the rows it was trained on."""
    deployment = _feed(place).deployment
    if deployment is None or deployment.releases.in_flight().exists():
        return deployment is None
    by = cast.actor(demo, "maintainer")
    live = deployment.releases.live().select_related("version").first()
    second = _version(deployment.project, place, 2)
    if live is not None and second is not None and live.version_id != second.pk:
        reason = "The demo was put back."
        request_release(
            deployment=deployment, version=second, by=by, strategy=Strategy(), reason=reason
        )
        return False
    first = deployment.baselines.order_by("pk").first()
    for monitor in deployment.monitors.filter(kind=Monitor.Kind.INPUT_DRIFT):
        change_monitor(monitor=monitor, changes={"baseline": first}, by=by)
    return True


def _feed(place: World) -> Feed:
    return Feed.objects.select_related("project", "deployment").get(world=place.slug)


def _prod(project: Project) -> Environment:
    return project.environments.get(name="prod")


def _version(project: Project, place: World, number: int) -> ModelVersion | None:
    rows = ModelVersion.objects.filter(project=project, model__name=place.model, number=number)
    return rows.select_related("model", "project", "run").first()
