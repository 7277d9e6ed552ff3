"""How much memory the model servers of this machine hold."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import psutil

from apps.deployments.models import Replica
from apps.deployments.runner import servers


def with_memory(replicas: Sequence[Replica]) -> list[tuple[Replica, int | None]]:
    """Each model server with its resident bytes; `None` where it does not run here."""
    here = socket.gethostname()
    return [(row, resident(row) if row.node == here else None) for row in replicas]


def resident(replica: Replica) -> int | None:
    """The bytes that the process of a model server holds."""
    if replica.pid is None or not servers.is_ours(replica.pid, replica.pk):
        return None
    try:
        size: int = psutil.Process(replica.pid).memory_info().rss
    except psutil.Error:  # it ended between the two looks
        return None
    return size
