"""Where files wait between a hub and MLflow: one folder for each model and commit, so that work resumes."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path

from django.conf import settings

from apps.models.errors import NoRoom
from apps.models.models import ModelImport

# MLflow may keep its files on the same disk, and others need some too.
TIMES, RESERVE = 2, 1024**3
KEEP_SECONDS = 7 * 86_400


def folder(row: ModelImport) -> Path:
    """The folder of an import, made now where it is not there."""
    path = _home() / hashlib.sha256(row.key.encode()).hexdigest()[:32]
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def check_room(size: int) -> None:
    """Refuse what would fill the disk."""
    home = _home()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    needed, free = TIMES * size + RESERVE, shutil.disk_usage(home).free
    if free < needed:
        raise NoRoom(needed=needed, free=free)


def clear(path: Path) -> None:
    """Remove a folder that is not needed any more."""
    shutil.rmtree(path, ignore_errors=True)


def forget() -> int:
    """Remove folders that nobody has touched for a week; answers how many."""
    before = time.time() - KEEP_SECONDS
    old = [path for path in _home().glob("*") if path.stat().st_mtime < before]
    for path in old:
        clear(path)
    return len(old)


def _home() -> Path:
    return Path(settings.DATA_DIR) / "imports"
