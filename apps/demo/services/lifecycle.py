"""The demo as a whole: set up, stopped, started again, put back, taken away."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import create_token, deactivate, revoke_tokens_of
from apps.core import jobs, live
from apps.core.access import Role
from apps.demo.choices import TOPIC, DemoState
from apps.demo.errors import DemoNotReady, DemoOff, WorkspaceInUse
from apps.demo.models import Demo, DeskTicket, Feed, Owed, Story
from apps.demo.services import cast
from apps.demo.services.plots import stop_story
from apps.demo.worlds import STRANGER_SLUG
from apps.deployments.services import abort_release, retire_deployment
from apps.incidents.models import Incident
from apps.incidents.services import resolve
from apps.integrations.models import Connection
from apps.integrations.services import set_enabled
from apps.ledger.services import record
from apps.monitoring.models import Monitor
from apps.monitoring.services import pause_monitor, resume_monitor
from apps.predictions.services import keep_for
from apps.projects.models import Project
from apps.projects.services import archive_project

KEEP_DAYS = 2
TOKEN_DAYS = 365


def begin_if_new() -> None:
    """Set the demo up in a portal that has never had one and holds no project yet."""
    if Demo.objects.exists() or Project.objects.exists() or cast.site_admin() is None:
        return
    start(by=None)


@transaction.atomic
def start(*, by: AbstractUser | None) -> Demo:
    """Set the demo up, or let it go on; what is there already is not made again."""
    if not settings.DEMO:
        raise DemoOff
    demo = _locked()
    if demo is None:
        if Project.objects.exists():
            raise WorkspaceInUse
        demo = Demo.objects.create()
    if demo.state == DemoState.RUNNING:
        return demo
    demo.done = [] if demo.state == DemoState.REMOVED else demo.done
    demo.state = DemoState.SEEDING
    demo.save(update_fields=["state", "done"])
    if demo.people:
        maintainer = cast.actor(demo, "maintainer")
        for monitor in Monitor.objects.filter(deployment__demo_feed__isnull=False, enabled=False):
            resume_monitor(monitor=monitor, by=maintainer)
    _note(demo, "demo.started", by)
    jobs.enqueue("demo.seed", owner=by or cast.site_admin(), key="demo")
    return demo


def let_in(demo: Demo) -> None:
    """A token for the traffic, and how long its predictions are kept. Safe to run twice."""
    if "token" in cast.kept(demo):
        return
    by = cast.actor(demo, "contributor")
    projects = list(Feed.objects.values_list("project_id", flat=True))
    ends = timezone.now() + timedelta(days=TOKEN_DAYS)
    with transaction.atomic():
        _, text = create_token(
            user=by, name="demo traffic", by=by, role=Role.CONTRIBUTOR,
            project_ids=projects, expires_at=ends,
        )  # fmt: skip
        cast.keep(demo, token=text)
    owner = cast.actor(demo, "owner")
    for project in Project.objects.filter(pk__in=projects):
        keep_for(project=project, days=KEEP_DAYS, by=owner)


@transaction.atomic
def stop(*, by: AbstractUser | None) -> Demo:
    """No traffic and no looks until it is started again; everything stays to be read."""
    demo = _standing()
    _end_stories(by)
    maintainer = cast.actor(demo, "maintainer")
    for monitor in _monitors():
        pause_monitor(monitor=monitor, by=maintainer)
    Owed.objects.all().delete()
    demo.state = DemoState.STOPPED
    demo.save(update_fields=["state"])
    _note(demo, "demo.stopped", by)
    return demo


@transaction.atomic
def reset(*, by: AbstractUser | None) -> Demo:
    """Back to how it began: stories over, incidents resolved, desks empty, the usual rows, version 2 live."""
    demo = _standing()
    _end_stories(by)
    Feed.objects.update(moved=False)
    DeskTicket.objects.all().delete()
    responder = cast.actor(demo, "responder")
    for incident in Incident.objects.open().filter(project__demo_feed__isnull=False):
        resolve(incident=incident, by=responder, reason="The demo was put back.")
    _note(demo, "demo.reset", by)
    jobs.enqueue("demo.put_back", owner=by or cast.site_admin(), key="demo")
    return demo


@transaction.atomic
def remove(*, by: AbstractUser | None) -> Demo:
    """Take it away: nothing runs, nobody of it signs in, its projects are out of sight. The ledger keeps its rows."""
    demo = _standing()
    _end_stories(by)
    owner = cast.actor(demo, "owner")
    for feed in Feed.objects.select_related("project", "deployment"):
        _clear(feed, owner)
    for project in Project.objects.filter(slug=STRANGER_SLUG, archived_at=None):
        archive_project(project=project, by=project.owner)
    DeskTicket.objects.all().delete()
    for person in User.objects.filter(pk__in=demo.people.values(), is_active=True):
        revoke_tokens_of(user=person, by=None)
        deactivate(person=person, by=None)
    secrets = {name: value for name, value in cast.kept(demo).items() if name != "token"}
    demo.state, demo.secrets = DemoState.REMOVED, secrets or None
    demo.save(update_fields=["state", "secrets"])
    _note(demo, "demo.removed", by)
    return demo


def _clear(feed: Feed, owner: User) -> None:
    for monitor in _monitors().filter(project=feed.project):
        pause_monitor(monitor=monitor, by=owner)
    for connection in Connection.objects.filter(project=feed.project, enabled=True):
        set_enabled(connection=connection, enabled=False, by=owner)
    if feed.deployment is not None and feed.deployment.retired_at is None:
        for release in feed.deployment.releases.in_flight():
            abort_release(release_id=release.pk, by=owner, note="The demo was removed.")
        retire_deployment(deployment=feed.deployment, reason="The demo was removed.", by=owner)
    if feed.project.archived_at is None:
        archive_project(project=feed.project, by=owner)


@transaction.atomic
def set_rate(*, calls_per_minute: int, by: AbstractUser) -> Demo:
    """How many calls a minute each deployment gets while no story runs."""
    demo = _standing()
    before = demo.calls_per_minute
    demo.calls_per_minute = calls_per_minute
    demo.save(update_fields=["calls_per_minute"])
    record(
        actor=by, verb="demo.rate_set", subject=demo,
        data={"calls_per_minute": [before, calls_per_minute]},
    )  # fmt: skip
    live.changed(TOPIC)
    return demo


def _end_stories(by: AbstractUser | None) -> None:
    for story in Story.objects.running():
        stop_story(story=story, by=by)


def _monitors() -> models.QuerySet[Monitor]:
    rows = Monitor.objects.filter(deployment__demo_feed__isnull=False, enabled=True)
    return rows.exclude(kind=Monitor.Kind.DESIRED_STATE)


def _locked() -> Demo | None:
    # Two people, the beat and a command may act at once.
    return Demo.objects.select_for_update().first()


def _standing() -> Demo:
    demo = _locked()
    if demo is None or demo.state == DemoState.REMOVED:
        raise DemoNotReady(state=demo.get_state_display() if demo else "not set up")
    return demo


def _note(demo: Demo, verb: str, by: AbstractUser | None) -> None:
    record(actor=by, verb=verb, subject=demo)
    live.changed(TOPIC)
