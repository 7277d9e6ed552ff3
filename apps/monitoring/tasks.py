from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from celery import current_app, shared_task
from django.utils import timezone

from apps.core.errors import PortalError
from apps.core.jobs import Progress, job_task
from apps.monitoring import access, services
from apps.monitoring.looks import kinds
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Monitor

logger = logging.getLogger(__name__)

SHARD = 10  # deployments per message: small enough to spread, large enough to be cheap
EXPIRES = 60  # seconds; by then the monitors are due again


@shared_task(name="monitoring.look")
def look() -> int:
    """Claim the monitors whose time has come and send them on, by deployment. No job rows: a lost message
    is made good by the next look, and what cannot look says so on its monitor."""
    due = list(services.claim_due(at=timezone.now()).values())
    for start in range(0, len(due), SHARD):
        ids = [pk for group in due[start : start + SHARD] for pk in group]
        current_app.send_task(
            "monitoring.look_at", (ids,), expires=EXPIRES, ignore_result=True, queue="default"
        )
    return len(due)


@shared_task(name="monitoring.look_at", ignore_result=True)
def look_at(monitor_ids: list[int]) -> None:
    """Let these monitors look; each deployment's rows are read once for all of its monitors."""
    for monitors in services.together(monitor_ids=monitor_ids):
        reading = kinds.reading(monitors, timezone.now())
        for monitor in monitors:
            _look(monitor, reading)


@shared_task(name="monitoring.settle_alerts")
def settle_alerts() -> None:
    """Settle what was told from outside, and resolve what is over."""
    services.settle_waiting()
    services.end_passed()


@shared_task(name="monitoring.tell_alerts")
def tell_alerts() -> None:
    """Follow the silences, repeat what nobody took up, and send what is due."""
    services.follow_silences()
    services.repeat_notifications()
    services.wake_notifications()


@job_task("monitoring.notify", time_limit=timedelta(minutes=15))
def notify(progress: Progress, *, connection_id: int) -> int:
    """Send the notifications that are due over one connection."""
    progress(10, "Sending what is due")
    return services.send_due(connection_id=connection_id)


@job_task("monitoring.evaluate")
def evaluate(progress: Progress, *, monitor_id: int) -> dict[str, Any]:
    """Let one monitor look, because somebody asked."""
    monitor = access.known(monitor_id)
    progress(10, "Looking")
    looked = _look(monitor, Reading(monitor.deployment, timezone.now()))
    if looked is None:
        return {"verdict": None, "rows": 0, "failed": True}
    return {"verdict": looked.verdict.pk if looked.verdict else None, "rows": looked.rows}


@job_task("monitoring.backtest")
def backtest(
    progress: Progress, *, monitor_id: int, since: str, until: str, wanted: dict[str, Any]
) -> dict[str, Any]:
    """Replay a setting, and the present one, on what was logged."""
    monitor = access.known(monitor_id)
    stretch = (datetime.fromisoformat(since), datetime.fromisoformat(until))
    return services.replayed(monitor=monitor, wanted=wanted, stretch=stretch, tell=progress)


@shared_task(name="monitoring.thin_out", ignore_result=True)
def thin_out() -> int:
    """Once a day: old looks grow coarser."""
    return services.thin_out(at=timezone.now())


def _look(monitor: Monitor, reading: Reading) -> services.Looked | None:
    try:
        return services.look(monitor=monitor, reading=reading)
    except PortalError as error:
        services.note_failure(monitor=monitor, reason=str(error), at=reading.at)
    except Exception as error:
        # One monitor that cannot look must not blind the others; its page and the log say why.
        logger.exception("Monitor %s cannot look", monitor.pk)
        reason = f"{type(error).__name__}: {error}"
        services.note_failure(monitor=monitor, reason=reason, at=reading.at)
    return None
