"""The doctor: each check says how it is and, where it is not well, what to do."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal import env
from portal.embedded import lock
from portal.env import Env
from portal.operations.doctor import machine, servers
from portal.operations.doctor.finding import Level
from tests.portal.polling import ROOT, environ, free_ports

NOWHERE = "127.0.0.1:1"


@pytest.fixture
def make_env() -> Iterator[Callable[..., Env]]:
    folder = tempfile.mkdtemp(prefix="sbx-doctor-", dir="/tmp")
    os.chmod(folder, 0o711)
    yield lambda **names: env.read({"DATA_DIR": f"{folder}/d", **names})
    shutil.rmtree(folder)


def test_a_fresh_folder_is_well(make_env: Callable[..., Env]) -> None:
    fresh = make_env(PORT=str(free_ports()))
    for check in (machine.data_dir, machine.ports, servers.keys, servers.database, servers.queue):
        finding = check(fresh)
        assert finding.level == Level.OK, finding


def test_secrets_that_others_may_read(make_env: Callable[..., Env]) -> None:
    careless = make_env()
    (careless.data_dir / "secrets" / "secret_key").chmod(0o644)

    finding = machine.data_dir(careless)
    assert finding.level == Level.FAIL
    assert finding.remedy == f"chmod go= {careless.data_dir}/secrets/secret_key"


def test_a_port_that_is_taken(make_env: Callable[..., Env]) -> None:
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        finding = machine.ports(make_env(PORT=str(other.getsockname()[1])))
    assert (finding.level, finding.remedy) == (Level.FAIL, "set PORT to a free one")


def test_the_port_of_this_very_portal(make_env: Callable[..., Env]) -> None:
    here = make_env()
    with lock.take(here.data_dir):
        assert "this portal runs on it" in machine.ports(here).words


def test_little_room(make_env: Callable[..., Env], monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage._replace(free=10**8))
    assert machine.disk(make_env()).level == Level.FAIL
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage._replace(free=10**9))
    assert machine.disk(make_env()).level == Level.WARN


def test_a_given_database_that_answers(make_env: Callable[..., Env]) -> None:
    given = make_env(DATABASE_URL=os.environ["DATABASE_URL"])
    assert servers.database(given).level == Level.OK
    assert servers.clock(given).level == Level.OK


def test_given_servers_that_do_not_answer(make_env: Callable[..., Env]) -> None:
    given = make_env(
        DATABASE_URL=f"postgresql://u:hidden@{NOWHERE}/db",
        REDIS_URL=f"redis://:hidden@{NOWHERE}/0",
        CELERY_BROKER_URL=f"redis://:hidden@{NOWHERE}/0",
        MLFLOW_TRACKING_URI=f"http://{NOWHERE}",
        OLLAMA_HOST=NOWHERE,
    )
    findings = [
        servers.database(given),
        servers.queue(given),
        servers.broker(given),
        servers.mlflow(given),
        servers.ollama(given),
    ]
    levels = [finding.level for finding in findings]
    assert levels == [Level.FAIL, Level.FAIL, Level.FAIL, Level.WARN, Level.WARN]
    assert all(finding.remedy for finding in findings)
    assert "hidden" not in str(findings)


def test_a_key_that_is_none(make_env: Callable[..., Env]) -> None:
    assert servers.keys(make_env(FIELD_ENCRYPTION_KEYS="short")).level == Level.FAIL


def test_data_of_a_version_nobody_can_read(make_env: Callable[..., Env]) -> None:
    old = make_env()
    (old.data_dir / "postgres").mkdir()
    (old.data_dir / "postgres" / "PG_VERSION").write_text("9\n")
    finding = servers.database(old)
    assert finding.level == Level.FAIL
    assert "postgresql-9" in finding.remedy


def test_a_process_that_is_not_well(make_env: Callable[..., Env]) -> None:
    here = make_env()
    (here.data_dir / "run").mkdir()
    seen = [{"name": "worker", "state": "restarting"}, {"name": "beat", "state": "running"}]
    (here.data_dir / "run" / "status.json").write_text(json.dumps({"processes": seen}))
    with lock.take(here.data_dir):
        finding = servers.processes(here)
    assert finding.words == "worker is restarting"
    assert "logs/worker.log" in finding.remedy


def doctor(folder: Path, *options: str, **names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "doctor", *options],
        cwd=ROOT,
        env=environ(DATA_DIR=str(folder), PORT=str(free_ports()), **names),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_command_starts_nothing_and_fails_where_something_does(tmp_path: Path) -> None:
    well = doctor(tmp_path, "--json")
    assert well.returncode == 0, well.stdout + well.stderr
    assert {row["level"] for row in json.loads(well.stdout)} <= {"ok", "warn"}
    assert not (tmp_path / "postgres").exists()

    ill = doctor(tmp_path, DATABASE_URL=f"postgresql://u@{NOWHERE}/db")
    assert ill.returncode == 1
    assert "check DATABASE_URL" in ill.stdout
