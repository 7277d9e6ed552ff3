"""Puts a backup in the place of what is there: verified first, the present state kept."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from portal.embedded import lock
from portal.embedded.borrowed import needed, wait_for_borrowers
from portal.embedded.folders import run_folder
from portal.embedded.postgres import ROLE, Postgres
from portal.env import Env
from portal.operations import databases
from portal.operations.archive import Manifest, unpack
from portal.operations.backup import EPHEMERAL, local_lake
from portal.operations.databases import Database
from portal.operations.errors import Refused
from portal.supervisor import mlflow

Keep = Callable[[Path], object]


def restore(
    env: Env, *, source: Path, force: bool, known_migrations: set[str], keep: Keep
) -> tuple[Manifest, Path | None]:
    """Answer what the backup held, and where the former state is kept if there was one."""
    with ExitStack() as stack:
        stack.enter_context(lock.take(env.data_dir))
        wait_for_borrowers(env.data_dir)
        staging = Path(tempfile.mkdtemp(dir=env.data_dir, prefix=".restore-"))
        stack.callback(shutil.rmtree, staging, ignore_errors=True)
        manifest = unpack(source, into=staging)
        _require_known(manifest, known_migrations)
        _start_database(env, stack)
        former = _keep_former(env, force=force, keep=keep)
        for database in _targets(env, manifest):
            dump = staging / "databases" / f"{database.name}.dump"
            databases.load(database, source=dump)
        _replace_files(env, staging)
        shutil.rmtree(env.data_dir / "redis", ignore_errors=True)  # hints for the former rows
    return manifest, former


def _require_known(manifest: Manifest, known: set[str]) -> None:
    if unknown := sorted(set(manifest.migrations) - known):
        raise Refused(
            f"The backup was made by a newer version ({manifest.version}, it has {unknown[0]}); "
            "upgrade first"
        )


def _start_database(env: Env, stack: ExitStack) -> None:
    run_folder(env.run_dir)
    for server in needed(env):
        if isinstance(server, Postgres):
            stack.callback(server.stop)
            server.start()
            server.ensure_database(ROLE)


def _keep_former(env: Env, *, force: bool, keep: Keep) -> Path | None:
    """Back up what would be lost; refuse to replace it unless that is wanted."""
    present = databases.of_portal(env)
    if all(databases.is_empty(database) for database in present):
        return None
    if not force:
        raise Refused(
            f"The workspace in {env.data_dir} is not empty; `restore --force` replaces it, "
            "after it has made a backup of it"
        )
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    path = env.data_dir / "backups" / f"before-restore-{moment}.tar.gz"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    keep(path)
    return path


def _targets(env: Env, manifest: Manifest) -> tuple[Database, ...]:
    """The databases to fill, made where they are missing."""
    if "mlflow" in manifest.databases and not env.mlflow_tracking_uri:
        mlflow.Mlflow(env).ensure_database()
    found = databases.of_portal(env)
    if missing := set(manifest.databases) - {database.name for database in found}:
        raise Refused(
            f"The backup holds the database {missing.pop()}, which is not this portal's: "
            "unset MLFLOW_TRACKING_URI"
        )
    return tuple(database for database in found if database.name in manifest.databases)


def _replace_files(env: Env, staging: Path) -> None:
    """Move the former files out and the restored ones in; each folder is whole at every moment."""
    former = Path(tempfile.mkdtemp(dir=env.data_dir, prefix=".former-"))
    restored = staging / "files"
    for entry in list(env.data_dir.iterdir()):
        if entry.name not in EPHEMERAL and not entry.name.startswith("."):
            entry.rename(former / entry.name)
    for entry in restored.iterdir() if restored.exists() else ():
        entry.rename(env.data_dir / entry.name)
    if (staging / "lake").exists() and (lake := local_lake(env)):
        shutil.copytree(staging / "lake", lake, dirs_exist_ok=True)
    shutil.rmtree(former)
