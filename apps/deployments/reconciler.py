"""Wanted against found: model servers on targets step by step, and differences as mismatches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.db import connection as database
from django.utils import timezone

from apps.core.errors import PortalError, Retryable
from apps.deployments import selectors, selectors_mismatches, services, targets
from apps.deployments.models import Deployment, Mismatch, Release, Replica
from apps.deployments.targets import Difference, Target
from apps.integrations.models import Connection
from apps.integrations.ports import Workload
from apps.integrations.services import note_answer

State, Kind = Replica.State, Mismatch.Kind
ON_TARGETS = frozenset(Kind) - {Kind.ALIAS}
# PostgreSQL's advisory locks, by a number of our own and the deployment's.
LOCK = 7_213


@contextmanager
def alone(deployment_id: int) -> Iterator[bool]:
    """Whether nobody else deals with the deployment's target at this moment."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK, deployment_id))
        (held,) = cursor.fetchone()
    try:
        yield held
    finally:
        if held:
            with database.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", (LOCK, deployment_id))


def follow(deployment: Deployment) -> None:
    """Bring the target one step nearer to the rows, and the rows to the target. Safe to repeat."""
    target = targets.of(deployment)
    if target is None:
        return
    _name_new(deployment)
    for name, rows in _by_workload(deployment).items():
        try:
            _step(target, name, rows)
        except Retryable as error:
            _say(rows, State.WANTED, str(error))
            _note_away(target.connection, error)
        except PortalError as error:
            # Asking again would not help; what runs already is not touched.
            _say(rows, State.FAILED, str(error))


def look(deployment: Deployment) -> None:
    """Compare what is live with what was wanted, and keep the differences."""
    at = timezone.now()
    release = selectors.live_release(deployment)
    busy = deployment.releases.in_flight().exists()
    found: list[Difference] = []
    judged: set[Mismatch.Kind] = set()
    if not busy and not selectors_mismatches.alias_is_moving(deployment):
        judged.add(Kind.ALIAS)
        found += _alias(deployment, release)
    target = targets.of(deployment)
    if target is None or release is None:
        judged |= ON_TARGETS
    elif not (busy and not targets.changes(target.connection)):
        seen = _on_target(target, release)
        judged |= set() if seen is None else ON_TARGETS
        found += seen or []
    services.note_mismatches(deployment=deployment, found=found, judged=judged, at=at)


def take_back(deployment: Deployment) -> None:
    """Give the target what the live release wants, also where somebody else changed it."""
    target, release = targets.of(deployment), selectors.live_release(deployment)
    if target is None or release is None:
        return
    target.start(_live_workload(release), force=True)


def _live_workload(release: Release) -> Workload:
    """What the live release wants there. A rollback takes over servers under their old name."""
    rows = list(release.replicas.filter(retired_at=None))
    return _workload(release, next((row.node for row in rows if row.node), ""), len(rows))


def _workload(release: Release, name: str, rows: int) -> Workload:
    """As many model servers as there are rows, unless the target itself scales."""
    asked = targets.workload(release, name)
    return asked if asked.most_replicas or not rows else replace(asked, replicas=rows)


def _alias(deployment: Deployment, release: Release | None) -> list[Difference]:
    holder = selectors_mismatches.alias_holder(deployment)
    if release is None or holder is None or holder.pk == release.version_id:
        return []
    wanted, found = f"version {release.version.number}", f"version {holder.number}"
    return [Difference(Kind.ALIAS, wanted, found)]


def _on_target(target: Target, release: Release) -> list[Difference] | None:
    """What differs there; nothing can be said while the target is away."""
    try:
        found = target.differences(_live_workload(release))
    except PortalError as error:
        _note_away(target.connection, error)
        return None
    note_answer(connection=target.connection)
    return found


def _note_away(connection: Connection, error: PortalError) -> None:
    note_answer(connection=connection, trouble=str(error))


def _name_new(deployment: Deployment) -> None:
    """A row that nobody runs yet gets the name of its release's workload."""
    new = Replica.objects.filter(release__deployment=deployment, node="")
    for row in new.select_related("release__deployment"):
        Replica.objects.filter(pk=row.pk).update(node=targets.name_of(row.release))


def _by_workload(deployment: Deployment) -> dict[str, list[Replica]]:
    rows = Replica.objects.filter(release__deployment=deployment).order_by("pk")
    found: dict[str, list[Replica]] = defaultdict(list)
    for row in rows.select_related(
        "release__deployment__project", "release__version__model", "release__configuration"
    ):
        found[row.node].append(row)
    return found


def _step(target: Target, name: str, rows: list[Replica]) -> None:
    now = timezone.now()
    leaving = [row for row in rows if row.retired_at and now >= row.retired_at + services.DRAIN]
    staying = [row for row in rows if row.retired_at is None]
    newest = max(staying or rows, key=lambda row: row.release_id).release
    workload = _workload(newest, name, len(staying))
    if len(leaving) == len(rows):
        target.stop(workload)
    elif leaving or any(row.state == State.WANTED for row in staying):
        target.start(workload)
        _say(staying, State.STARTING, "The target was asked")
    Replica.objects.filter(pk__in=[row.pk for row in leaving]).delete()
    if any(row.restart_wanted for row in staying):
        target.restart(workload)
        Replica.objects.filter(pk__in=[row.pk for row in staying]).update(restart_wanted=False)
    if any(row.state != State.FAILED for row in staying):
        services.level_replicas(
            rows=staying,
            servers=target.servers(workload),
            least=workload.replicas,
            most=workload.most_replicas,
        )


def _say(rows: list[Replica], state: Replica.State, note: str) -> None:
    """What holds for every row that still waits for its first start."""
    for row in rows:
        waits = row.retired_at is None and row.state == State.WANTED
        if waits and (row.state, row.note) != (state, note):
            services.note_replica(row.pk, state=state, note=note)
            row.state, row.note = state, note
