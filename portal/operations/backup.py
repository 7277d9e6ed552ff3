"""One file from which a whole portal can be restored, made while it runs.

The order makes it consistent: who refers is read before what it refers to. The databases are held
at one moment, then dumped, then the files are read, which are only ever added to: so every file
that a row names is there, and a file too many does no harm.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from portal.env import Env
from portal.operations import databases
from portal.operations.archive import Manifest, writing
from portal.operations.databases import Database

# Made anew at every start, or of no use elsewhere; the rest of DATA_DIR belongs to a backup.
EPHEMERAL = frozenset(
    {"backups", "logs", "postgres", "postgres.new", "redis", "run"}
    | {"servers.lock", "servers.users", "up.lock"}
)


def back_up(env: Env, *, to: Path, version: str, migrations: list[str]) -> Manifest:
    """Write the backup and answer what it holds."""
    made = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(version=version, made=made, migrations=migrations)
    manifest.left_out += _elsewhere(env)
    with (
        writing(to, manifest) as archive,
        tempfile.TemporaryDirectory(dir=to.parent, prefix=".backup-") as scratch,
    ):
        for database, path in _dumped(databases.of_portal(env), Path(scratch)):
            manifest.databases.append(database.name)
            archive.add(path, name=f"databases/{database.name}.dump")
            path.unlink()
        for path, name in _files(env):
            archive.add(path, name=name)
    return manifest


def _dumped(found: tuple[Database, ...], scratch: Path) -> Iterator[tuple[Database, Path]]:
    with databases.snapshots(found) as held:
        for database in found:
            path = scratch / f"{database.name}.dump"
            databases.dump(database, snapshot=held[database.name], to=path)
            yield database, path


def _files(env: Env) -> Iterator[tuple[Path, str]]:
    """The files of DATA_DIR, and of a lake on this machine's disk that lies elsewhere."""
    for entry in sorted(env.data_dir.iterdir()):
        if entry.name not in EPHEMERAL and not entry.name.startswith("."):
            yield from _below(entry, f"files/{entry.name}")
    lake = local_lake(env)
    if lake and lake.is_dir() and not lake.is_relative_to(env.data_dir):
        yield from _below(lake, "lake")


def _below(path: Path, name: str) -> Iterator[tuple[Path, str]]:
    if path.is_symlink():
        return
    if path.is_file():
        yield path, name
    for folder, folders, files in os.walk(path):
        folders.sort()
        for file in sorted(files):
            found = Path(folder, file)
            if not found.is_symlink():
                yield found, f"{name}/{found.relative_to(path)}"


def local_lake(env: Env) -> Path | None:
    """The lake's folder, where it is one."""
    parts = urlsplit(env.lake_url)
    return Path(parts.path) if parts.scheme in {"", "file"} else None


def _elsewhere(env: Env) -> list[str]:
    """What has to be kept by other means, in words."""
    notes = []
    if local_lake(env) is None:
        notes.append("the lake: it lies in an object store, which has its own versions")
    if env.mlflow_tracking_uri:
        notes.append("MLflow: an existing server is used")
    if not (env.data_dir / "secrets" / "field_encryption_key").exists():
        notes.append("FIELD_ENCRYPTION_KEYS: given by the environment, keep them yourself")
    return notes
