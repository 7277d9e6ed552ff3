"""What runs in processes that are killed: taking predictions in, and bringing them into the lake.

`python -m tests.predictions.killed DEPLOYMENT PROJECT`; what is committed is printed afterwards.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time

import django


def main(deployment: int, project: int) -> None:
    """Fork a worker for each line `take FILE` or `compact FILE`, and print its number."""
    django.setup()
    import pyarrow.parquet  # noqa: F401  once, and not in each worker

    from apps.predictions.sources import Source

    source = Source(deployment, project, "killed")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        what, _, path = line.strip().partition(" ")
        if pid := os.fork():
            print(pid, flush=True)
            continue
        out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        (_take if what == "take" else _compact)(source)


def _compact(source) -> None:  # type: ignore[no-untyped-def]
    from django.db import connection

    from apps.core.jobs import NotYet
    from apps.predictions import services

    print("begun", flush=True)
    while True:
        try:
            services.compact(source=source)
        except NotYet:
            connection.close()
        time.sleep(0.01)


def _take(source) -> None:  # type: ignore[no-untyped-def]
    """Batches of two sizes, so that both formats and both ways of taking keys are met; some ids come twice."""
    from apps.predictions import services
    from apps.predictions.models import Kind

    mark = f"{os.getpid()}-{time.time_ns()}"
    for number in itertools.count():
        size = 300 if number % 3 == 0 else 5
        ids = [f"{mark}-{number}-{at}" for at in range(size)]
        records = [
            {"id": key, "time": 1_790_000_000 + number, "inputs": {"x": 1.0}, "outputs": {}}
            for key in [*ids, ids[0]]
        ]
        services.append(source=source, kind=Kind.PREDICTION, records=records)
        print(" ".join(ids), flush=True)  # acknowledged


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    main(int(sys.argv[1]), int(sys.argv[2]))
