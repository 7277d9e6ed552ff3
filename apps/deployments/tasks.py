from __future__ import annotations

import time
from datetime import timedelta

from apps.core.jobs import Progress, job_task
from apps.deployments import services
from apps.deployments.errors import ReplicaFailed
from apps.deployments.models import Release, Replica

LOOK_SECONDS = 0.3
START_LIMIT = timedelta(minutes=10)


@job_task("deployments.release", on_failure=services.fail_release, time_limit=START_LIMIT)
def release(progress: Progress, *, release_id: int) -> None:
    """Start the model server, wait until it is ready, then send it the traffic."""
    wanted = Release.objects.select_related("deployment", "version__model").get(pk=release_id)
    if wanted.state not in Release.IN_FLIGHT:
        return
    progress(10, f"Starting a model server for version {wanted.version.number}")
    replica = services.start_replicas(wanted)
    _wait(progress, replica)
    progress(90, "The model server is ready; moving the traffic")
    services.go_live(release_id)


def _wait(progress: Progress, replica: Replica) -> None:
    """Follow the runner's notes until the model server is ready."""
    said = ""
    while replica.state != Replica.State.READY:
        if replica.state == Replica.State.FAILED:
            raise ReplicaFailed(note=replica.note)
        if replica.note != said:
            said = replica.note
            progress(50, said)
        progress.check()
        time.sleep(LOOK_SECONDS)
        replica.refresh_from_db()
