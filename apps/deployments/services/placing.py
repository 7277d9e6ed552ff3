"""Bring the rows of model servers in line with what their target says of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from apps.deployments.models import Replica
from apps.deployments.services.replicas import note_replica
from apps.deployments.services.telling import routes_changed
from apps.integrations.ports import Server

State = Replica.State
WAITING = "Waiting for the target to start it"


@transaction.atomic
def level_replicas(
    *, rows: Sequence[Replica], servers: Iterable[Server], least: int, most: int
) -> None:
    """Give each row its server. Where the target scales, up to `most` servers get rows; else `least`.

    All rows are of one workload. A row without a server waits; one that only the target's own scaling
    had called for goes.
    """
    free = sorted(servers, key=lambda server: not server.ready)
    without = []
    for row in rows:
        server = next((each for each in free if each.handle == row.handle), None)
        if server is None:
            without.append(row)
        else:
            free.remove(server)
            _note(row, server)
    for row in without:
        _note(row, free.pop(0) if free else None)
    _follow_scale(rows, free, least, most)


def _follow_scale(rows: Sequence[Replica], free: list[Server], least: int, most: int) -> None:
    first = rows[0]
    for server in free[: max(0, most - len(rows))]:
        row = Replica.objects.create(
            release=first.release, node=first.node, handle=server.handle, state=State.STARTING
        )
        _note(row, server)
    surplus = [row for row in rows if not row.handle and row.state == State.STARTING]
    for row in surplus[: max(0, len(rows) - least)] if most else []:
        row.delete()
        routes_changed(first.release.deployment)


def _note(row: Replica, server: Server | None) -> None:
    """Write down what changed; the gateways are woken for that alone."""
    if server is None:
        values: dict[str, Any] = {
            "state": State.STARTING,
            "note": WAITING,
            "handle": "",
            "port": None,
        }
    else:
        values = {
            "state": State.READY if server.ready else State.STARTING,
            "note": "" if server.ready else server.note[:500],
            "handle": server.handle[:253],
            "host": server.host or row.host,
            "port": server.port or None,
        }
    if any(getattr(row, name) != value for name, value in values.items()):
        note_replica(row.pk, **values)
        for name, value in values.items():
            setattr(row, name, value)
