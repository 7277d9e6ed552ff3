"""What a live block of a document, and so a check of a runbook, may ask beside monitors."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils import timezone

from apps.core.access import Role
from apps.core.errors import Invalid, NotFound
from apps.deployments import access as deployments
from apps.deployments import selectors as releases
from apps.docs import blocks
from apps.docs.blocks import Answer, Asked
from apps.integrations import selectors as integrations
from apps.integrations.opening import connector
from apps.integrations.ports import MetricSource
from apps.predictions import asking, sources
from apps.projects.models import Project

WINDOW, STEP = timedelta(minutes=15), timedelta(minutes=1)
MOST = 15
LONGEST_WINDOW = timedelta(days=7)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SQL = re.compile(r"([-\w]+)(?:\s+(\d{1,4})\s?([mhd]))?\s*:\s*(\S.*)", re.DOTALL)


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


def sql(asked: Asked) -> Answer:
    """One SELECT over the newest predictions of a deployment: `fraud-live 6h: SELECT count(*) FROM predictions`."""
    found = _SQL.fullmatch(asked.text)
    if found is None:
        raise Invalid(field="query", reason="write `DEPLOYMENT 1h: SELECT … FROM predictions`")
    slug, number, unit, question = found.groups()
    length = timedelta(**{_UNITS[unit or "h"]: int(number or 1)})
    source = sources.resolve(asked.user, slug, Role.VIEWER)
    if source.project_id != asked.project_id:
        raise NotFound(what="deployment of this project")
    if length > LONGEST_WINDOW:
        raise Invalid(field="query", reason=f"ask for at most {LONGEST_WINDOW.days} days")
    now = timezone.now()
    answer = asking.ask(source.deployment_id, question, now - length, now)
    return Answer(
        title=" ".join(question.split())[:200],
        sentence=_told(answer),
        url=f"/predictions/{source.slug}/",
        columns=answer.columns,
        rows=[[_shown(value) for value in row] for row in answer.rows],
    )


def _told(found: asking.Found) -> str:
    """What is kept with a step: the numbers of a single row, and no text, which may be somebody's."""
    numbers = [
        f"{name} = {_shown(value)}"
        for row in found.rows
        for name, value in zip(found.columns, row, strict=True)
        if isinstance(value, int | float)
    ]
    if len(found.rows) == 1 and numbers:
        return ", ".join(numbers)
    count = len(found.rows)
    return f"{count} row{'' if count == 1 else 's'}{'' if found.whole else ' and more'}"


def _shown(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)[:200]


blocks.register("metric", metric)
blocks.register("sql", sql)
blocks.register("deployment", deployment)
