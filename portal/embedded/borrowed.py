"""Embedded servers for one command, while no portal runs: the last command out stops them."""

from __future__ import annotations

import fcntl
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from portal.embedded import lock
from portal.embedded.folders import run_folder
from portal.embedded.launch import CannotStart
from portal.embedded.postgres import ROLE, Postgres
from portal.embedded.redis import Redis
from portal.env import Env

Server = Postgres | Redis
PATIENCE = 60.0


@contextmanager
def borrowed_servers(env: Env) -> Iterator[bool]:
    """Have the servers that are not given by URL; answer whether the database is a new one."""
    servers = needed(env)
    if not servers:
        yield False
        return
    lock.require_writable(env.data_dir)
    with ExitStack() as stack:
        users = stack.enter_context((env.data_dir / "servers.users").open("a"))
        with _one_at_a_time(env.data_dir):
            own = not lock.running(env.data_dir)
            created = _begin(servers, env=env) if own else False
            fcntl.flock(users, fcntl.LOCK_SH)
        if not own:
            _wait_for_portal(servers)
        try:
            yield created
        finally:
            with _one_at_a_time(env.data_dir):
                _end(servers, env=env, users=users)


def wait_for_borrowers(data: Path) -> None:
    """Before a portal takes the folder over: let the commands end that use its servers."""
    deadline = time.monotonic() + PATIENCE
    with (data / "servers.users").open("a") as users:
        while not _alone(users):
            if time.monotonic() > deadline:
                raise CannotStart(f"A command still uses the database in {data}; let it end first")
            time.sleep(0.1)


def needed(env: Env) -> tuple[Server, ...]:
    """The embedded servers of this portal."""
    servers: list[Server] = []
    if env.database_url is None:
        servers.append(Postgres(env.data_dir, env.run_dir))
    if env.redis_url is None:
        servers.append(Redis(env.data_dir, env.run_dir))
    return tuple(servers)


def _begin(servers: tuple[Server, ...], *, env: Env) -> bool:
    run_folder(env.run_dir)
    for server in servers:
        if not server.ready():
            name = type(server).__name__
            print(f"Starting {name} for this command alone.", file=sys.stderr)  # noqa: T201
            server.start()
    return any(isinstance(one, Postgres) and one.ensure_database(ROLE) for one in servers)


def _end(servers: tuple[Server, ...], *, env: Env, users: TextIO) -> None:
    if _alone(users) and not lock.running(env.data_dir):
        for server in reversed(servers):
            server.stop()


def _wait_for_portal(servers: tuple[Server, ...]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not all(server.ready() for server in servers):
        if time.monotonic() > deadline:
            raise CannotStart("The portal's database does not answer; see `manage.py doctor`")
        time.sleep(0.1)


def _alone(users: TextIO) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _one_at_a_time(data: Path) -> Iterator[None]:
    with (data / "servers.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
