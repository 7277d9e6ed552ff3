"""The embedded Redis: queued work outlives a crash, nobody else gets in."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis as Client

from portal.embedded import redis as embedded
from portal.embedded.launch import CannotStart
from portal.embedded.redis import Redis


@pytest.fixture
def server() -> Iterator[Redis]:
    folder = Path(tempfile.mkdtemp(prefix="sbx-redis-", dir="/tmp"))
    server = Redis(folder, folder / "run")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def client(server: Redis) -> Client:
    return Client.from_url(f"unix://{server.socket}?db=0")


def test_what_was_queued_survives_kill_nine(server: Redis) -> None:
    server.start()
    with client(server) as connection:
        connection.lpush("queue", *range(200))
        connection.config_set("appendfsync", "always")
        connection.lpush("queue", "last")
    pid = server.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    server.stop()

    server.start()
    with client(server) as connection:
        assert connection.llen("queue") == 201


def test_only_its_owner_reaches_it(server: Redis) -> None:
    server.start()
    assert server.socket.stat().st_mode & 0o777 == 0o700
    with client(server) as connection:
        assert connection.config_get("port") == {"port": "0"}
        assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_it_takes_over_from_one_that_was_left_running(server: Redis) -> None:
    server.start()
    left = server.pid()
    other = Redis(server.folder.parent, server.socket.parent)
    other.start()
    try:
        assert other.pid() != left
        assert other.ready()
    finally:
        other.stop()


def test_it_runs_on_the_packaged_program(server: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.shutil, "which", lambda name: None)
    server.start()
    assert server.ready()


def test_without_a_program_it_says_what_to_install(
    server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded.shutil, "which", lambda name: None)
    monkeypatch.setattr(embedded, "_packaged", lambda: None)
    with pytest.raises(CannotStart, match="set REDIS_URL"):
        server.start()
