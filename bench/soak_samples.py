"""What a running portal holds: memory, tables, disk, Redis, files, connections."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from redis import Redis

from portal.embedded.postgres import Postgres

CALLS_PER_HOUR, LOOKS_PER_HOUR = 360, 60  # of a deployment, of a monitor: an hour of life
DATABASES = ("signalbox", "mlflow")
SIZES = """
SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables
WHERE schemaname = 'public' ORDER BY relname
"""
# The calls of the demo come five rows at a time.
CALLS = "SELECT avg(sent) / 5.0 FROM demo_feed"
# A look that finds nothing new leaves no row; each look moves the time of the next. A minute is a person's pace.
DUE = "SELECT id, extract(epoch FROM due_at) FROM monitoring_monitor WHERE enabled AND every_seconds < 60"
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: seconds since the beginning, hours of the demo, and every figure by its name."""

    at: float
    hours: float
    values: dict[str, float]


@dataclass(slots=True)
class Watch:
    """Looks at the portal of a DATA_DIR from outside."""

    data: Path
    due: dict[int | str, int | str] = field(default_factory=dict)
    looks: int = 0

    def glance(self) -> None:
        """Count the looks of the demo's monitors; asked each second, it misses none."""
        with self._connect(DATABASES[0]) as connection:
            now = dict(connection.execute(DUE).fetchall())
        self.looks += sum(self.due.get(pk, at) != at for pk, at in now.items())
        self.due = now

    def sample(self, at: float) -> Sample:
        """Everything, at about the same moment."""
        values = {**self._processes(), **self._disk(), **self._redis()}
        for database in DATABASES:
            values |= self._tables(database)
        return Sample(at, self._hours(), values)

    def _processes(self) -> dict[str, float]:
        """What each supervised process holds with its offspring, each shared page counted once (PSS)."""
        told = json.loads((self.data / "run" / "status.json").read_text())
        memory: Counter[str] = Counter()
        files = processes = 0
        for name, process in self._offspring(told):
            processes += 1  # also one that has ended and was not collected
            with contextlib.suppress(psutil.Error, OSError):
                memory[f"memory {name}"] += process.memory_full_info().pss
                files += process.num_fds()
        restarts = sum(each["restarts"] for each in told["processes"])
        return {**memory, "processes": processes, "open files": files, "restarts": restarts}

    def _offspring(self, told: dict[str, object]) -> Iterator[tuple[str, psutil.Process]]:
        processes = told["processes"]
        assert isinstance(processes, list)
        for each in (each for each in processes if each["pid"]):
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(each["pid"])
                yield each["name"], process
                name = "model servers" if each["name"] == "runner" else each["name"]
                for child in process.children(recursive=True):
                    yield name, child
        with contextlib.suppress(psutil.Error):
            yield "supervisor", psutil.Process(int(str(told["supervisor"])))

    def _tables(self, database: str) -> dict[str, float]:
        values: dict[str, float] = {}
        with self._connect(database) as connection:
            for table, size in connection.execute(SIZES).fetchall():
                count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
                counted = connection.execute(count).fetchone()
                values[f"bytes {database}.{table}"] = size
                values[f"rows {database}.{table}"] = counted[0] if counted else 0
            if database == DATABASES[0]:
                open_ones = connection.execute(CONNECTIONS).fetchone()
                values["database connections"] = open_ones[0] if open_ones else 0
        return values

    def _hours(self) -> float:
        """As many as both its calls and its looks make up."""
        with self._connect(DATABASES[0]) as connection:
            told = connection.execute(CALLS).fetchone()
        calls = float(told[0] or 0) if told else 0.0
        return min(calls / CALLS_PER_HOUR, self.looks / max(1, len(self.due)) / LOOKS_PER_HOUR)

    def _connect(self, database: str) -> psycopg.Connection[tuple[int | str, ...]]:
        server = Postgres(self.data, self.data / "run")
        return psycopg.connect(server.url(database), autocommit=True, connect_timeout=10)

    def _redis(self) -> dict[str, float]:
        with Redis(unix_socket_path=str(self.data / "run" / "redis.sock")) as client:
            used = client.info("memory")["used_memory"]
            spaces = client.info("keyspace").values()
        return {"redis bytes": used, "redis keys": sum(space["keys"] for space in spaces)}

    def _disk(self) -> dict[str, float]:
        """Each folder of DATA_DIR; of the database's, each of its folders."""
        values: dict[str, float] = {}
        for folder in sorted(path for path in self.data.iterdir() if path.is_dir()):
            inner = folder.name == "postgres"
            for each in sorted(folder.iterdir()) if inner else (folder,):
                if each.is_dir():
                    values[f"disk {each.relative_to(self.data)}"] = size_of(each)
        return values


def size_of(folder: Path) -> int:
    """What its files take on the disk. Those that go while they are counted are not counted."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(place) / name).lstat().st_blocks * 512
    return total
