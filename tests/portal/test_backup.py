"""A backup made under load, and what a restore does with it, with damaged ones too."""

from __future__ import annotations

import contextlib
import io
import json
import os
import stat
import tarfile
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from portal import env
from portal.embedded import lock
from portal.embedded.launch import CannotStart
from portal.env import Env
from portal.operations.archive import Manifest
from portal.operations.backup import back_up
from portal.operations.errors import Refused
from portal.operations.restore import restore
from portal.supervisor import settings
from tests.portal.polling import until

TABLES = """
CREATE TABLE account (id int PRIMARY KEY, balance int);
INSERT INTO account VALUES (1, 500), (2, 500);
CREATE TABLE piece (id bigserial PRIMARY KEY, path text, run text);
CREATE TABLE ledger (id bigserial PRIMARY KEY);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'append only'; END $$;
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON ledger EXECUTE FUNCTION refuse();
"""
MIGRATIONS = ["core.0001_initial"]


@dataclass
class Place:
    """A workspace on the run's own PostgreSQL server."""

    env: Env

    @property
    def url(self) -> str:
        return settings.database_url(self.env)

    @property
    def mlflow_url(self) -> str:
        return make_conninfo(self.url, dbname=settings.mlflow_database(self.env))

    def fill(self) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(TABLES)
        with psycopg.connect(self.mlflow_url) as connection:
            connection.execute("CREATE TABLE runs (id text PRIMARY KEY)")

    def count(self, table: str) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert row
            return int(row[0])

    def back_up(self, target: Path) -> Manifest:
        return back_up(self.env, to=target, version="1", migrations=MIGRATIONS)

    def restore(self, source: Path, *, force: bool = False) -> Path | None:
        _, former = restore(
            self.env,
            source=source,
            force=force,
            known_migrations=set(MIGRATIONS),
            keep=self.back_up,
        )
        return former


@pytest.fixture
def make_place(request: pytest.FixtureRequest) -> Iterator[Callable[[], Place]]:
    server = os.environ["DATABASE_URL"]
    names: list[str] = []

    def make() -> Place:
        names.append(f"backup_{uuid.uuid4().hex[:10]}")
        folder = tempfile.mkdtemp(prefix="sbx-backup-", dir="/tmp")
        request.addfinalizer(lambda: __import__("shutil").rmtree(folder))
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {names[-1]}")
            connection.execute(f"CREATE DATABASE {names[-1]}_mlflow")
        url = _renamed(server, names[-1])
        return Place(
            env.read(
                {
                    "DATA_DIR": f"{folder}/data",
                    "DATABASE_URL": url,
                    "REDIS_URL": "redis://127.0.0.1:1",
                }
            )
        )

    yield make
    with psycopg.connect(server, autocommit=True) as connection:
        for name in names:
            _drop(connection, name)
            _drop(connection, f"{name}_mlflow")


def _drop(connection: psycopg.Connection[Any], name: str) -> None:
    until(lambda: _dropped(connection, name), what=f"{name} is gone")


def _dropped(connection: psycopg.Connection[Any], name: str) -> bool:
    """Drop a database; not while autovacuum, which only a superuser may end, is in it."""
    try:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


@contextlib.contextmanager
def writers(place: Place) -> Iterator[list[int]]:
    """Money moves, and pieces are written: first the run, then the file, then the row."""
    stop, written = threading.Event(), [0]

    def move() -> None:
        with psycopg.connect(place.url) as connection:
            while not stop.is_set():
                with connection.transaction():
                    connection.execute("UPDATE account SET balance = balance - 1 WHERE id = 1")
                    connection.execute("UPDATE account SET balance = balance + 1 WHERE id = 2")
                    connection.execute("INSERT INTO ledger DEFAULT VALUES")

    def add() -> None:
        folder = place.env.data_dir / "lake" / "pieces"
        folder.mkdir(parents=True)
        with (
            psycopg.connect(place.url, autocommit=True) as portal,
            psycopg.connect(place.mlflow_url, autocommit=True) as mlflow,
        ):
            while not stop.is_set():
                name = uuid.uuid4().hex
                mlflow.execute("INSERT INTO runs VALUES (%s)", [name])
                (folder / name).write_text(name)
                portal.execute("INSERT INTO piece (path, run) VALUES (%s, %s)", [name, name])
                written[0] += 1

    threads = [threading.Thread(target=move), threading.Thread(target=add)]
    for thread in threads:
        thread.start()
    try:
        yield written
    finally:
        stop.set()
        for thread in threads:
            thread.join(240)


def test_a_backup_under_load_restores_to_one_consistent_state(
    make_place: Callable[[], Place], tmp_path: Path
) -> None:
    source, target = make_place(), make_place()
    source.fill()
    with writers(source) as written:
        while written[0] < 50:
            pass
        source.back_up(tmp_path / "b.tar.gz")
        after = written[0]

    target.restore(tmp_path / "b.tar.gz")

    with psycopg.connect(target.url) as connection:
        assert connection.execute("SELECT sum(balance) FROM account").fetchone() == (1000,)
        pieces = connection.execute("SELECT path, run FROM piece").fetchall()
        with pytest.raises(psycopg.errors.RaiseException):
            connection.execute("DELETE FROM ledger")
    with psycopg.connect(target.mlflow_url) as connection:
        runs = {row[0] for row in connection.execute("SELECT id FROM runs")}
    assert 50 <= len(pieces) <= after
    assert {run for _, run in pieces} <= runs
    for path, _ in pieces:
        assert (target.env.data_dir / "lake" / "pieces" / path).read_text() == path


def test_only_the_owner_may_read_it(make_place: Callable[[], Place], tmp_path: Path) -> None:
    place = make_place()
    old = os.umask(0)
    try:
        place.back_up(tmp_path / "b.tar.gz")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "b.tar.gz").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar.gz"]


def test_it_holds_the_keys_and_gives_them_back(
    make_place: Callable[[], Place], tmp_path: Path
) -> None:
    source, target = make_place(), make_place()
    source.fill()
    source.back_up(tmp_path / "b.tar")
    target.restore(tmp_path / "b.tar")

    for name in ("secret_key", "field_encryption_key"):
        key = target.env.data_dir / "secrets" / name
        assert key.read_text() == (source.env.data_dir / "secrets" / name).read_text()
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700


def test_it_never_replaces_a_file(make_place: Callable[[], Place], tmp_path: Path) -> None:
    (tmp_path / "b.tar.gz").write_text("something dear")
    with pytest.raises(Refused, match="exists already"):
        make_place().back_up(tmp_path / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").read_text() == "something dear"


def test_it_refuses_a_workspace_in_use_unless_forced(
    make_place: Callable[[], Place], tmp_path: Path
) -> None:
    source, target = make_place(), make_place()
    source.fill()
    source.back_up(tmp_path / "b.tar.gz")
    target.fill()
    with psycopg.connect(target.url) as connection:
        connection.execute("INSERT INTO piece (path) VALUES ('mine'); CREATE TABLE newer (id int)")

    with pytest.raises(Refused, match="--force"):
        target.restore(tmp_path / "b.tar.gz")
    assert target.count("piece") == 1

    former = target.restore(tmp_path / "b.tar.gz", force=True)
    assert target.count("piece") == 0
    with pytest.raises(psycopg.errors.UndefinedTable):
        target.count("newer")

    assert former
    target.restore(former, force=True)
    assert (target.count("piece"), target.count("newer")) == (1, 0)


def test_it_refuses_while_a_portal_runs(make_place: Callable[[], Place], tmp_path: Path) -> None:
    place = make_place()
    place.back_up(tmp_path / "b.tar.gz")
    with lock.take(place.env.data_dir), pytest.raises(CannotStart, match="Another portal"):
        place.restore(tmp_path / "b.tar.gz")


def test_a_failed_load_leaves_the_former_content(
    make_place: Callable[[], Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = make_place(), make_place()
    source.fill()
    target.fill()
    source.back_up(tmp_path / "b.tar.gz")
    monkeypatch.setattr("portal.operations.databases.EMPTY", "DROP TABLE piece; SELECT nonsense;")

    with pytest.raises(Refused, match="psql of portal"):
        target.restore(tmp_path / "b.tar.gz", force=True)
    assert target.count("piece") == 0


def rewritten(
    source: Path, change: Callable[[tarfile.TarInfo, bytes], bytes], target: Path
) -> Path:
    """A copy of an archive with changed members."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for entry in old:
            file = old.extractfile(entry)
            assert file
            content = change(entry, file.read())
            entry.size = len(content)
            new.addfile(entry, io.BytesIO(content))
    return target


def truncated(source: Path, target: Path) -> Path:
    target.write_bytes(source.read_bytes()[:-400])
    return target


def tampered(source: Path, target: Path) -> Path:
    def change(entry: tarfile.TarInfo, content: bytes) -> bytes:
        return b"x" * len(content) if entry.name.endswith("secret_key") else content

    return rewritten(source, change, target)


def renamed(name: str) -> Callable[[Path, Path], Path]:
    def build(source: Path, target: Path) -> Path:
        def change(entry: tarfile.TarInfo, content: bytes) -> bytes:
            entry.name = name if entry.name.endswith("secret_key") else entry.name
            return content

        return rewritten(source, change, target)

    return build


def linked(source: Path, target: Path) -> Path:
    rewritten(source, lambda entry, content: content, target)
    with tarfile.open(target, "a") as tar:
        link = tarfile.TarInfo("files/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return target


def newer(source: Path, target: Path) -> Path:
    def change(entry: tarfile.TarInfo, content: bytes) -> bytes:
        if entry.name != "manifest.json":
            return content
        return json.dumps({**json.loads(content), "migrations": ["core.0999_later"]}).encode()

    return rewritten(source, change, target)


def something_else(source: Path, target: Path) -> Path:
    target.write_text("no archive at all")
    return target


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (truncated, "is not a whole backup|damaged|no manifest"),
        (tampered, "is damaged"),
        (renamed("../escaped"), "not a whole backup"),
        (renamed("/tmp/escaped"), "not a whole backup"),
        (renamed("files/../../escaped"), "not a whole backup"),
        (linked, "no plain file"),
        (newer, "newer version"),
        (something_else, "not a whole backup"),
    ],
)
def test_it_touches_nothing_for_a_bad_archive(
    make_place: Callable[[], Place],
    tmp_path: Path,
    damage: Callable[[Path, Path], Path],
    words: str,
) -> None:
    place = make_place()
    place.fill()
    place.back_up(tmp_path / "b.tar.gz")
    bad = damage(tmp_path / "b.tar.gz", tmp_path / "bad.tar")
    before = _tree(place.env.data_dir)

    with pytest.raises(Refused, match=words):
        place.restore(bad, force=True)
    assert _tree(place.env.data_dir) == before
    assert not Path("/tmp/escaped").exists()
    assert place.count("account") == 2


def _tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"up.lock", "servers.users"}
    }


def _renamed(url: str, database: str) -> str:
    return make_conninfo(url, dbname=database)
