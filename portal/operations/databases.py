"""Dumps and loads whole databases with PostgreSQL's own programs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from portal.embedded.binaries import Binaries, installed
from portal.env import Env
from portal.operations.errors import Refused
from portal.supervisor import settings

HOURS = 3600.0
# Held by a backup, and shared by whatever removes files that rows of its snapshot may name.
BACKUP_LOCK = 7_201_900

# Everything that the portal's tables, functions and types are, without what extensions brought.
EMPTY = """
DO $$ DECLARE item record; BEGIN
FOR item IN
    SELECT format('DROP TABLE IF EXISTS %s CASCADE', c.oid::regclass) AS words
    FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
LOOP EXECUTE item.words; END LOOP;
FOR item IN
    SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure) AS words
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
LOOP EXECUTE item.words; END LOOP;
FOR item IN
    SELECT format('DROP SEQUENCE IF EXISTS %s CASCADE', c.oid::regclass) AS words
    FROM pg_class c WHERE c.relkind = 'S' AND c.relnamespace = 'public'::regnamespace
LOOP EXECUTE item.words; END LOOP;
FOR item IN
    SELECT format('DROP TYPE IF EXISTS %s CASCADE', t.oid::regtype) AS words
    FROM pg_type t WHERE t.typtype IN ('e', 'd') AND t.typnamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
LOOP EXECUTE item.words; END LOOP;
END $$;
"""


@dataclass(frozen=True, slots=True)
class Database:
    """One database of the portal, and its name in a backup."""

    name: str
    url: str

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url, connect_timeout=10)

    @property
    def without_password(self) -> str:
        """For a command line, which everybody on the machine may read."""
        given = conninfo_to_dict(self.url)
        given.pop("password", None)
        return make_conninfo("", **given)

    @property
    def environ(self) -> Mapping[str, str]:
        password = conninfo_to_dict(self.url).get("password")
        common = {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "PGCONNECT_TIMEOUT": "10"}
        return common if password is None else {**common, "PGPASSWORD": str(password)}


def of_portal(env: Env) -> tuple[Database, ...]:
    """The portal's database, and MLflow's where the portal runs it; whoever refers comes first."""
    url = settings.database_url(env)
    portal = Database("portal", make_conninfo(url))
    if env.mlflow_tracking_uri:
        return (portal,)
    mlflow = Database("mlflow", make_conninfo(url, dbname=settings.mlflow_database(env)))
    return (portal, mlflow) if _exists(mlflow) else (portal,)


def programs(database: Database) -> Binaries:
    """Programs that understand this server: of its version or later."""
    with database.connect() as connection:
        major = connection.info.server_version // 10000
    for binaries in installed():
        if binaries.major >= major and Path(binaries["pg_dump"]).exists():
            return binaries
    raise Refused(f"No pg_dump for PostgreSQL {major} here: install postgresql-client-{major}")


@contextmanager
def snapshots(databases: tuple[Database, ...]) -> Iterator[Mapping[str, str]]:
    """Hold all databases at one moment, as near as separate databases allow."""
    with ExitStack() as stack:
        connections = [stack.enter_context(database.connect()) for database in databases]
        _alone(connections[0])
        held = {}
        for database, connection in zip(databases, connections, strict=True):
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            assert row
            held[database.name] = str(row[0])
        yield held


def _alone(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Wait for a backup that runs and for work that removes files, and keep both away."""
    connection.execute("SET lock_timeout = '5min'")
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", [BACKUP_LOCK])
    except psycopg.errors.LockNotAvailable as error:
        raise Refused("Another backup, or work on files, has gone on for 5 minutes") from error
    connection.execute("SET idle_in_transaction_session_timeout = 0")
    connection.commit()


def dump(database: Database, *, snapshot: str, to: Path) -> None:
    """Write the database as of the snapshot."""
    options = ("--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=60000")
    _run(
        database,
        programs(database)["pg_dump"],
        *(*options, f"--snapshot={snapshot}", f"--file={to}"),
        f"--dbname={database.without_password}",
    )


def load(database: Database, *, source: Path) -> None:
    """Put the dumped content in the place of the present one, in one transaction."""
    binaries = programs(database)
    script = source.with_suffix(".sql")
    options = ("--no-owner", "--no-privileges", "--no-comments", f"--file={script}")
    _run(database, binaries["pg_restore"], *options, str(source))
    with source.with_suffix(".empty.sql").open("w") as empty:
        empty.write(EMPTY)
    quiet = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
    files = (f"--file={empty.name}", f"--file={script}")
    _run(database, binaries["psql"], *quiet, *files, f"--dbname={database.without_password}")


def is_empty(database: Database) -> bool:
    """Whether nothing is in it yet."""
    with database.connect() as connection:
        tables = "SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1"
        return connection.execute(tables).fetchone() is None


def _exists(database: Database) -> bool:
    try:
        database.connect().close()
    except psycopg.OperationalError:
        return False
    return True


def _run(database: Database, *command: str) -> None:
    done = subprocess.run(
        command,
        env=dict(database.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=12 * HOURS,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise Refused(f"{Path(command[0]).name} of {database.name}: {lines[0]}")
