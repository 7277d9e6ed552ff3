"""Back-tests: a setting replayed on history beside the present one, and taken over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth.models import AbstractUser

from apps.core import jobs
from apps.core.errors import Invalid
from apps.core.models import Job
from apps.monitoring import backtest
from apps.monitoring.backtest import NothingLogged, Tell
from apps.monitoring.looks import kinds
from apps.monitoring.models import Alert, Monitor
from apps.monitoring.services.monitors import change_monitor

LONGEST = timedelta(days=92)
ASKED = frozenset({"settings", "window_rows", "hold_seconds"})


def ask_backtest(
    *, monitor: Monitor, wanted: Mapping[str, Any], stretch: tuple[datetime, datetime],
    by: AbstractUser,
) -> Job:  # fmt: skip
    """Replay a setting on the prediction log, as a job."""
    since, until = stretch
    if not since < until or until - since > LONGEST:
        raise Invalid(field="since", reason=f"before until, and at most {LONGEST.days} days")
    return jobs.enqueue(
        "monitoring.backtest",
        owner=by,
        project_id=monitor.project_id,
        monitor_id=monitor.pk,
        since=since.isoformat(),
        until=until.isoformat(),
        wanted=tried(monitor=monitor, wanted=wanted),
    )


def tried(*, monitor: Monitor, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be tried, checked; what is not named stays as it is set."""
    settings = kinds.checked(monitor.kind, wanted.get("settings", monitor.settings))
    kept = {name: value for name, value in wanted.items() if name in ASKED}
    return {**kept, "settings": settings.model_dump(mode="json", exclude_unset=True)}


def replayed(
    *, monitor: Monitor, wanted: dict[str, Any], stretch: tuple[datetime, datetime], tell: Tell
) -> dict[str, Any]:
    """What the wanted setting and the present one would have done in this stretch, as JSON."""
    since, until = stretch
    changed = backtest.with_setting(monitor, wanted)
    past = backtest.history(changed, since, until)
    if past.last is None and not past.counted(since, until).requests:
        raise NothingLogged(
            deployment=monitor.deployment.slug, since=f"{since:%F %H:%M}", until=f"{until:%F %H:%M}"
        )
    marked = monitor.alerts.exclude(mark=Alert.Mark.UNMARKED)
    alerts = list(marked.filter(fired_at__gte=since, fired_at__lt=until))
    found: dict[str, Any] = {}
    for half, (name, row) in enumerate((("wanted", changed), ("present", monitor))):
        outcome = backtest.replay(row, past, stretch, partial(_half, tell, half))
        slack = timedelta(seconds=row.hold_seconds)
        backtest.weigh(outcome, alerts, slack, until)
        found[name] = outcome.packed()
    step = backtest.step_of(monitor, since, until)
    return {**found, "marked": len(alerts), "every_seconds": round(step.total_seconds())}


def _half(tell: Tell, half: int, percent: float, said: str) -> None:
    tell(half * 50 + percent / 2, said)


def use_setting(*, monitor: Monitor, job: Job, by: AbstractUser) -> Monitor:
    """Take over the setting that a back-test has tried."""
    if job.kind != "monitoring.backtest" or job.args.get("monitor_id") != monitor.pk:
        raise Invalid(field="job", reason="a back-test of this monitor")
    if job.state != Job.State.DONE:
        raise Invalid(field="job", reason="a back-test that is done")
    wanted = {name: value for name, value in job.args["wanted"].items() if name in ASKED}
    return change_monitor(monitor=monitor, changes=wanted, by=by, tried_in=job.pk)
