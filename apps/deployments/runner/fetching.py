"""Brings the files of versions that live on a connected MLflow server here, beside the runner's loop.

A model server runs the model's own code, so it never learns how the portal signs in there; and whatever
is fetched from an address that somebody entered passes the address guard.
"""

from __future__ import annotations

import os
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path, PurePosixPath

from django.db import connection

from apps.core.errors import Conflict
from apps.models.facts import places
from apps.models.facts.places import File
from apps.models.models import ModelVersion
from apps.models.upstream import Upstream


class Fetcher:
    """Fetches in threads of its own; whoever asks again learns how it went."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="fetch")
        self._begun: dict[int, Future[None]] = {}

    def has(self, version: ModelVersion, folder: Path) -> bool:
        """Whether the files are here; begins to bring them where they are not. Raises why they cannot be."""
        if folder.exists():
            return True
        work = self._begun.get(version.pk)
        if work is None:
            self._begun[version.pk] = self._threads.submit(_bring_in_thread, version, folder)
        elif work.done():
            del self._begun[version.pk]
            work.result()
        return folder.exists()

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def bring(version: ModelVersion, folder: Path) -> None:
    """Write every file of the version below a folder, which appears once it is whole."""
    mlflow = Upstream(version.project.slug)
    inside = places.folder_of(version, mlflow)
    if not inside:
        raise Conflict(reason=f"The files of {version} are not among MLflow's own artifacts.")
    draft = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    shutil.rmtree(draft, ignore_errors=True)
    for file in islice(places.files_of(mlflow, inside), places.MOST_FILES):
        to = draft / _safe(file)
        to.parent.mkdir(parents=True, exist_ok=True)
        places.download(mlflow, inside, file, to)
    if not draft.exists():
        raise Conflict(reason=f"MLflow knows no files of {version}.")
    draft.rename(folder)


def _safe(file: File) -> str:
    """The path of a file as the server names it, provided that it stays below the folder."""
    parts = PurePosixPath(file.path).parts
    odd = not parts or file.path.startswith("/") or ".." in parts or "\\" in file.path
    if odd or not file.path.isprintable():
        raise Conflict(reason=f"A file of the version is called {file.path[:60]!r}.")
    return file.path


def _bring_in_thread(version: ModelVersion, folder: Path) -> None:
    try:
        bring(version, folder)
    finally:
        connection.close()
