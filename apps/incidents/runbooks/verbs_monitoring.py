"""The verbs of monitoring that a runbook may name."""

from __future__ import annotations

import re
from datetime import timedelta

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from apps.core.access import Role
from apps.core.errors import Invalid, NotFound
from apps.incidents.runbooks import actions
from apps.incidents.runbooks.actions import Action, Asked, Outcome, Plan
from apps.monitoring import access, services
from apps.monitoring.alerting.matchers import Matcher
from apps.monitoring.models import Monitor
from apps.projects import access as projects

FOR = re.compile(r"\A(?P<name>.+?)\s+for\s+(?P<count>\d{1,4})\s*(?P<unit>m|h|d)\Z")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _monitor(asked: Asked, name: str, at_least: Role = Role.VIEWER) -> Monitor:
    """The monitor of that name in the incident's project, or else the one whose alert opened it."""
    mine = Monitor.objects.visible_to(asked.user).filter(project_id=asked.incident.project_id)
    found = mine.filter(name=name) if name else mine.filter(alerts__incidents=asked.incident)
    if (row := found.order_by("pk").first()) is None:
        raise NotFound(what=f"monitor {name[:100]} in this incident's project".replace("  ", " "))
    return access.monitor(asked.user, row.pk, at_least)


def _stretch(argument: str) -> tuple[str, timedelta]:
    found = FOR.match(argument)
    if found is None:
        raise Invalid(field="action", reason="write `silence ALERT for 2h`, in m, h or d")
    length = timedelta(**{UNITS[found["unit"]]: int(found["count"])})
    if not timedelta(0) < length <= timedelta(days=7):
        raise Invalid(field="action", reason="a runbook silences for at most 7 days")
    return found["name"].strip("\"'"), length


def plan_silence(asked: Asked) -> Plan:
    name, length = _stretch(asked.argument)
    return Plan(
        title=f"Silence {name} for {length}",
        consequence=f"Alerts called {name} tell nobody and open no incident until the time is over. "
        "They are still seen and kept.",
        needed=Role.RESPONDER,
        rests_on=(str(asked.incident.project_id),),
    )


def run_silence(asked: Asked, by: AbstractUser) -> Outcome:
    name, length = _stretch(asked.argument)
    now = timezone.now()
    made = services.create_silence(
        project=projects.project(asked.user, asked.incident.project.slug, Role.RESPONDER),
        wanted=[Matcher("alertname", name)],
        stretch=services.Stretch(now, now + length),
        comment=f"Runbook of incident {asked.incident.number}",
        by=by,
    )
    return Outcome(f"{name} is silent until {made.ends_at:%F %H:%M} UTC.", {"silence": made.pk})


def plan_pause(asked: Asked) -> Plan:
    row = _monitor(asked, asked.argument)
    if not row.enabled:
        raise Invalid(field="action", reason=f"{row.name} is paused already")
    return Plan(
        title=f"Pause the monitor {row.name}",
        consequence="It looks no more until it is resumed, and its alert ends. "
        "Nobody is told if it gets worse.",
        needed=Role.MAINTAINER,
        url=row.get_absolute_url(),
        rests_on=(str(row.pk),),
    )


def run_pause(asked: Asked, by: AbstractUser) -> Outcome:
    row = _monitor(asked, asked.argument, Role.MAINTAINER)
    services.pause_monitor(monitor=row, by=by)
    return Outcome(f"{row.name} is paused.", {"monitor": row.pk})


def plan_resume(asked: Asked) -> Plan:
    row = _monitor(asked, asked.argument)
    if row.enabled:
        raise Invalid(field="action", reason=f"{row.name} is not paused")
    return Plan(
        title=f"Resume the monitor {row.name}",
        consequence="It looks again, and tells of what it finds.",
        needed=Role.MAINTAINER,
        url=row.get_absolute_url(),
        rests_on=(str(row.pk),),
    )


def run_resume(asked: Asked, by: AbstractUser) -> Outcome:
    row = _monitor(asked, asked.argument, Role.MAINTAINER)
    services.resume_monitor(monitor=row, by=by)
    return Outcome(f"{row.name} looks again.", {"monitor": row.pk})


actions.register(
    Action(
        "silence", "silence ALERT for 2h", "Let alerts of this name tell nobody for a while.",
        plan_silence, run_silence,
    )
)  # fmt: skip
actions.register(
    Action(
        "pause_monitor", "pause_monitor [MONITOR]", "Let a monitor look no more.",
        plan_pause, run_pause,
    )
)  # fmt: skip
actions.register(
    Action(
        "resume_monitor", "resume_monitor [MONITOR]", "Let a paused monitor look again.",
        plan_resume, run_resume,
    )
)  # fmt: skip
