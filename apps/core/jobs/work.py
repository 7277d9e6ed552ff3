from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

Run = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Work:
    """What stands behind one kind of job."""

    run: Run
    on_failure: Callable[..., None] | None
    queue: str
    time_limit: timedelta


WORK: dict[str, Work] = {}
USUAL = timedelta(hours=1)


def job_task(
    kind: str,
    *,
    on_failure: Callable[..., None] | None = None,
    queue: str = "",
    time_limit: timedelta = USUAL,
) -> Callable[[Run], Run]:
    """Declare the work behind `kind`; it receives a `Progress` and the job's args.

    What may take more than an hour goes to the queue `long`: nothing that people wait for stands behind it.

    The work must be safe to run twice. What it returns is kept as the job's result. `on_failure` gets the
    job's args once no further try will follow; it runs in the transaction that ends the job, so it may
    only touch the database.
    """

    def declare(run: Run) -> Run:
        if kind in WORK:
            raise ValueError(f"two jobs are called {kind}")
        chosen = queue or ("long" if time_limit > USUAL else "default")
        if chosen not in settings.WORKER_QUEUES:
            raise ValueError(f"{kind}: no worker listens to the queue {chosen}")
        WORK[kind] = Work(run, on_failure, chosen, time_limit)
        return run

    return declare
