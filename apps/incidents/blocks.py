"""What a live block of a document, and so a check of a runbook, may ask beside monitors."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from apps.core.errors import NotFound
from apps.deployments import access as deployments
from apps.deployments import selectors as releases
from apps.docs import blocks
from apps.docs.blocks import Answer, Asked
from apps.integrations import selectors as integrations
from apps.integrations.opening import connector
from apps.integrations.ports import MetricSource
from apps.projects.models import Project

WINDOW, STEP = timedelta(minutes=15), timedelta(minutes=1)
MOST = 15


def metric(asked: Asked) -> Answer:
    """The newest value of a query in the language of the project's metric source, such as PromQL."""
    project = Project.objects.visible_to(asked.user).get(pk=asked.project_id)
    row = integrations.offering(asked.user, project, MetricSource).order_by("pk").first()
    if row is None:
        raise NotFound(what="connection to metrics that you may use here")
    source = connector(row)
    assert isinstance(source, MetricSource)
    now = timezone.now()
    found = source.series(asked.text, since=now - WINDOW, until=now, step=STEP)
    if not found:
        return Answer(asked.text[:200], sentence="The query finds nothing in the last 15 minutes.")
    newest = found[-1]
    return Answer(
        title=asked.text[:200],
        sentence=f"{newest.value:.6g} at {newest.at:%F %H:%M} UTC",
        columns=["At", "Value"],
        rows=[[f"{each.at:%F %H:%M}", f"{each.value:.6g}"] for each in found[-MOST:]],
    )


def deployment(asked: Asked) -> Answer:
    """What a deployment of the project serves now, and with how many model servers."""
    row = deployments.deployment(asked.user, asked.text)
    if row.project_id != asked.project_id:
        raise NotFound(what="deployment of this project")
    live = releases.live_release(row)
    count = releases.replicas(row).count()
    said = f"serves {live.version}" if live else "serves nothing"
    return Answer(
        title=row.slug,
        state="live" if live else "idle",
        sentence=f"{said} with {count} model server{'' if count == 1 else 's'}",
        url=row.get_absolute_url(),
    )


blocks.register("metric", metric)
blocks.register("deployment", deployment)
