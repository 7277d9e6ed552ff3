"""The demo as a newcomer meets it: three projects with their people, one incident of last night and one open now.

Rows alone, in the shapes that seeding and a story leave; nobody trains and nothing is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.test import override_settings
from django.utils import timezone

from apps.accounts.models import User
from apps.demo.choices import DemoState
from apps.demo.models import Demo, Feed
from apps.demo.services import cast, furnishing
from apps.demo.worlds import WORLDS, World
from apps.deployments.models import Deployment, Release, ServedSpan
from apps.incidents.models import Incident, Ticket
from apps.incidents.services import keep_evidence
from apps.integrations.models import Connection
from apps.models.models import (
    Alias,
    Decision,
    Experiment,
    ModelVersion,
    Promotion,
    RegisteredModel,
    Run,
    RunMetric,
)
from apps.monitoring.models import Alert, Baseline, Monitor
from apps.projects.models import Project
from tests.base import PortalTestCase

ACCURACY = {1: 0.9123, 2: 0.9561}


@dataclass
class Stand:
    """One world's records. `live` is its second release, `before` its first."""

    project: Project
    model: RegisteredModel
    versions: dict[int, ModelVersion]
    deployment: Deployment
    before: Release
    live: Release
    promotion: Promotion
    monitors: dict[str, Monitor]


@override_settings(DEMO=True, OLLAMA_HOST="")
class FurnishedDemo(PortalTestCase):
    """Vera, a viewer in each project of the demo, is the newcomer."""

    demo: Demo
    vera: User
    stands: dict[str, Stand]
    night: Incident
    now: Incident
    ticket: Ticket
    waiting: Promotion

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.demo = Demo.objects.create(state=DemoState.RUNNING)
        cast.enter_people(cls.demo)
        cls.vera = cast.actor(cls.demo, "viewer")
        cls.stands = {place.slug: _stand(cls.demo, place) for place in WORLDS}
        cls.night = _night(cls.demo, cls.stands["digit-reading"])
        cls.now = _open(cls.demo, cls.stands["tumour-screening"])
        cls.ticket = _ticket(cls.now)
        cls.waiting = _waiting(cls.demo, cls.stands["diabetes-outlook"])


def _stand(demo: Demo, place: World) -> Stand:
    furnishing.open_project(demo, place=place)
    feed = Feed.objects.select_related("project").get(world=place.slug)
    project, now = feed.project, timezone.now()
    by = cast.actor(demo, "contributor")
    experiment = Experiment.objects.create(project=project, mlflow_id=place.slug, name="training")
    model = RegisteredModel.objects.create(
        project=project, name=place.model, owner=cast.actor(demo, "owner")
    )
    versions = {n: _version(experiment, model, n, by, place.script) for n in (1, 2)}
    prod = project.environments.get(name="prod")
    feed.deployment = Deployment.objects.create(
        project=project, environment=prod, model=model, slug=place.deployment, created_by=by
    )
    feed.save(update_fields=["deployment"])
    first, second = now - timedelta(days=5), now - timedelta(days=3)
    promotion = _promoted(demo, versions[2], second)
    before = _release(demo, feed.deployment, versions[1], first, ended=second)
    live = _release(demo, feed.deployment, versions[2], second)
    baseline = Baseline.objects.create(
        project=project, deployment=feed.deployment, source="rows", rows=100, profiles={}, created_by=by
    )  # fmt: skip
    monitors = {
        name: Monitor.objects.create(
            project=project, deployment=feed.deployment, name=name, kind=kind, state="calm",
            baseline=baseline if kind == Monitor.Kind.INPUT_DRIFT else None,
        )
        for name, kind, _, _ in furnishing.WATCHED
    }  # fmt: skip
    return Stand(project, model, versions, feed.deployment, before, live, promotion, monitors)


def _version(
    experiment: Experiment, model: RegisteredModel, number: int, by: User, data: str
) -> ModelVersion:
    run = Run.objects.create(
        project=model.project, experiment=experiment, mlflow_id=f"{model.name}{number}",
        name=f"{model.name}-{number}", status="FINISHED", logged_by=by,
        metrics={"accuracy": ACCURACY[number]}, params={"depth": "3"},
        inputs=[{"name": data, "digest": "scikit-learn"}],
    )  # fmt: skip
    RunMetric.objects.create(run=run, project=model.project, key="accuracy", value=ACCURACY[number])
    return ModelVersion.objects.create(
        project=model.project, model=model, number=number, run=run, registered_by=by
    )


def _promoted(demo: Demo, version: ModelVersion, at: datetime) -> Promotion:
    row = Promotion.objects.create(
        project=version.project, version=version, state="done", requested_at=at, ended_at=at,
        environment=version.project.environments.get(name="prod"),
        requested_by=cast.actor(demo, "maintainer"),
    )  # fmt: skip
    Decision.objects.create(promotion=row, verdict="approved", by=cast.actor(demo, "owner2"), at=at)
    Alias.objects.create(project=version.project, model=version.model, version=version, name="prod")
    return row


def _release(
    demo: Demo, deployment: Deployment, version: ModelVersion, at: datetime, ended: datetime | None = None
) -> Release:  # fmt: skip
    row = Release.objects.create(
        deployment=deployment, version=version, number=version.number, requested_at=at, live_at=at,
        requested_by=cast.actor(demo, "maintainer"), ended_at=ended,
        state="superseded" if ended else "live",
    )  # fmt: skip
    ServedSpan.objects.create(
        release=row, environment=deployment.environment, since=at, until=ended,
        approved_by=cast.actor(demo, "owner2"),
    )  # fmt: skip
    return row


def _incident(
    stand: Stand, monitor: Monitor, summary: str, at: datetime, ended: datetime | None = None
) -> Incident:
    alert = Alert.objects.create(
        project=stand.project, monitor=monitor, deployment=stand.deployment, fired_at=at,
        version=stand.live.version, fingerprint=f"{monitor.pk}", name=monitor.name, summary=summary,
        resolved_at=ended, state="resolved" if ended else "firing",
    )  # fmt: skip
    return Incident.objects.create(
        project=stand.project, number=1, title=summary, alert=alert, deployment=stand.deployment,
        release=stand.live, opened_at=at,
    )  # fmt: skip


def _night(demo: Demo, stand: Stand) -> Incident:
    """Two hours before midnight a slow version came, and was rolled back."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    at, over = midnight - timedelta(hours=2), midnight - timedelta(hours=1)
    row = _incident(stand, stand.monitors["Latency"], "Latency of digit-reading rose", at, over)
    row.state, row.resolved_at = "resolved", over
    row.acknowledged_by, row.acknowledged_at = cast.actor(demo, "responder"), at
    row.reason = "Rolled back to the last good version."
    row.save()
    keep_evidence(row)
    return row


def _open(demo: Demo, stand: Stand) -> Incident:
    """Half an hour ago the inputs moved; Rosa is on it."""
    at = timezone.now() - timedelta(minutes=30)
    monitor = stand.monitors["Inputs"]
    Monitor.objects.filter(pk=monitor.pk).update(state="alerting")
    row = _incident(stand, monitor, "Inputs of tumour-screening moved", at)
    row.state = "acknowledged"
    row.acknowledged_by, row.acknowledged_at = cast.actor(demo, "responder"), timezone.now()
    row.save()
    keep_evidence(row)
    return row


def _ticket(incident: Incident) -> Ticket:
    jira = Connection.objects.create(project=incident.project, slug="jira", name="Jira (stand-in)")
    return Ticket.objects.create(
        incident=incident, connection=jira, correlation="c", key="ML-1", remote_status="To Do",
        url="http://localhost/demo/stand-in/jira/browse/ML-1",
    )  # fmt: skip


def _waiting(demo: Demo, stand: Stand) -> Promotion:
    version = ModelVersion.objects.create(
        project=stand.project, model=stand.model, number=3,
        registered_by=cast.actor(demo, "contributor"),
    )  # fmt: skip
    return Promotion.objects.create(
        project=stand.project, version=version, state="waiting",
        environment=stand.project.environments.get(name="prod"),
        requested_by=cast.actor(demo, "maintainer"),
    )  # fmt: skip
