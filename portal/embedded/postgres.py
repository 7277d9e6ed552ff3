"""The embedded PostgreSQL: one cluster in DATA_DIR, reached by a unix socket only."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from portal.embedded.account import Account
from portal.embedded.binaries import find
from portal.embedded.launch import CannotStart, Launch, end, start_detached, wait_until
from portal.embedded.place import Place, private_folder, settle

ROLE = "signalbox"
SUPERUSER = "postgres"
FAST_THEN_NOT = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    # Shared memory in containers is often 64 MB: plans with parallel workers would fail there.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "jit": "off",
    "log_checkpoints": "off",
    # Rows and statements hold what people entered; a log is no place for it.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class Postgres:
    """Prepares, starts and stops the cluster in `data`; its socket lies in `run`/postgres."""

    def __init__(self, data: Path, run: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.run = run
        self.log = data / "logs" / "postgres.log"
        self.settings = {**SETTINGS, **(settings or {})}
        self.note: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def cluster(self) -> Path:
        return (self.data / "postgres").resolve()

    def url(self, database: str = ROLE) -> str:
        return f"postgresql:///{database}?host={quote(str(self.run))}/postgres&user={ROLE}"

    def prepare(self) -> Launch:
        """Make the cluster startable (create it, clear what a crash left); answer how to run it."""
        for folder in (self.data, self.run):
            folder.mkdir(parents=True, exist_ok=True)
        place = settle(data=self.data, run=self.run, binaries=find(major=self._major()))
        self.note = place.note
        self.clear_leftovers()
        private_folder(place.sockets, place.account)
        if not (place.cluster / "PG_VERSION").exists():
            _create(place, sync=self.settings.get("fsync") != "off")
        private_folder(place.cluster, place.account)
        _allow(place)
        return self._launch(place)

    def start(self, *, seconds: float = 60, end_with_parent: bool = False) -> None:
        """Start it in the background and wait until it answers."""
        number = signal.SIGQUIT if end_with_parent else None
        self._process = start_detached(self.prepare(), log=self.log, end_with_parent=number)
        wait_until(self.ready, process=self._process, seconds=seconds, log=self.log)
        self.ensure_role()

    def stop(self) -> None:
        """Stop it, whoever started it: connections are cut, what was committed is kept."""
        if pid := self.pid():
            end(pid, signals=FAST_THEN_NOT)
        if self._process is not None:
            self._process.wait(timeout=40)
            self._process = None

    def pid(self) -> int | None:
        """The running server's number, or nothing where its pid file is stale."""
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
            pid = int((self.cluster / "postmaster.pid").read_text().splitlines()[0])
            if Path(psutil.Process(pid).cwd()) == self.cluster:
                return pid
        return None

    def clear_leftovers(self) -> None:
        """End a server that an earlier portal left, and drop a pid file that names a stranger."""
        self.stop()
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)

    def ready(self) -> bool:
        try:
            with self._connect() as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def ensure_role(self) -> None:
        """Create the portal's role: it owns its databases and is no superuser."""
        with self._connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
            if not known.fetchone():
                words = sql.SQL("CREATE ROLE {} LOGIN CREATEDB")
                connection.execute(words.format(sql.Identifier(ROLE)))
        # Every database made from here on has vectors, without a superuser's help.
        with self._connect("template1") as connection, contextlib.suppress(psycopg.Error):
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")

    def ensure_database(self, name: str) -> bool:
        """Have a database of the portal's role; answer whether it is a new one."""
        with self._connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if known.fetchone():
                return False
            words = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(words.format(sql.Identifier(name), sql.Identifier(ROLE)))
            return True

    def _connect(self, database: str = SUPERUSER) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.run / "postgres"),
            port=5432,
            user=SUPERUSER,
            dbname=database,
            connect_timeout=3,
            autocommit=True,
        )

    def _major(self) -> int | None:
        with contextlib.suppress(FileNotFoundError):
            return int((self.cluster / "PG_VERSION").read_text())
        return None

    def _launch(self, place: Place) -> Launch:
        settings = {**self.settings, "unix_socket_directories": f'"{place.sockets}"'}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        account = place.account
        return Launch(
            command=(
                *account.prefix,
                place.binaries["postgres"],
                *("-D", str(place.cluster), *options),
            ),
            environ={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            uid=account.uid,
            gid=account.gid,
        )


def _create(place: Place, *, sync: bool) -> None:
    """Run initdb beside the final place, so that a half-made cluster is never taken for one."""
    draft = place.cluster.with_name(f"{place.cluster.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    private_folder(draft, place.account)
    account = place.account
    options = _initdb_options(place) if sync else (*_initdb_options(place), "--no-sync")
    made = subprocess.run(
        [*account.prefix, place.binaries["initdb"], "-D", draft, *options],
        user=account.uid,
        group=account.gid,
        extra_groups=None if account.uid is None else [],
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if made.returncode != 0:
        reason = (made.stderr.strip().splitlines() or ["initdb said nothing"])[-1]
        raise CannotStart(f"PostgreSQL: cannot create {place.cluster}: {reason}")
    if place.cluster.exists():
        place.cluster.rmdir()
    draft.rename(place.cluster)


def _initdb_options(place: Place) -> tuple[str, ...]:
    common = ("-U", SUPERUSER, "-E", "UTF8", "--auth=peer", "--no-instructions")
    if place.binaries.major < 17:
        return (*common, "--no-locale")
    # Sorts the same on every machine, whatever its C library says.
    return (*common, "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


def _allow(place: Place) -> None:
    """Let in the portal's own user alone, whom the kernel vouches for on the socket."""
    name = place.account.portal_name.replace('"', '""')
    rows = [f'portal "{name}" {role}' for role in (ROLE, SUPERUSER)]
    _write(place.cluster / "pg_ident.conf", rows, place.account)
    _write(place.cluster / "pg_hba.conf", ["local all all peer map=portal"], place.account)


def _write(path: Path, rows: list[str], account: Account) -> None:
    path.unlink(missing_ok=True)
    path.write_text("\n".join(rows) + "\n")
    path.chmod(0o600)
    with contextlib.suppress(PermissionError):
        shutil.chown(path, *account.owner)
