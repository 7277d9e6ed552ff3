"""All checks in the order in which one would mend what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from portal.env import Env
from portal.operations.doctor import machine, servers
from portal.operations.doctor.finding import Finding

CHECKS: tuple[Callable[[Env], Finding], ...] = (
    machine.python,
    machine.user,
    machine.memory,
    machine.disk,
    machine.data_dir,
    machine.open_files,
    machine.ports,
    machine.front_end,
    servers.keys,
    servers.database,
    servers.migrations,
    servers.clock,
    servers.queue,
    servers.broker,
    servers.mlflow,
    servers.ollama,
    servers.processes,
)


def examine(env: Env) -> Iterator[Finding]:
    for check in CHECKS:
        yield check(env)
