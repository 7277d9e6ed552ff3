"""The files that a run logged: listed, and fetched for as long as they are looked at."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from apps.core.errors import Invalid, NotFound
from apps.models.models import Run
from apps.models.upstream import Upstream

LONGEST_PATH = 1000
MOST_FILES = 1000
LARGEST = 1024**3  # bytes of one download; MLflow's own client fetches any size

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class File:
    """One file or folder of a run."""

    path: str
    is_dir: bool
    size: int | None

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix.lower()


def checked(path: str) -> str:
    """The path without slashes at its ends; `Invalid` where it leads out of the run."""
    pieces = path.strip("/").split("/") if path.strip("/") else []
    odd = any(piece in {"", ".", ".."} for piece in pieces) or not path.isprintable()
    if odd or "\\" in path or len(path) > LONGEST_PATH:
        raise Invalid(
            field="path", reason="a path within the run's artifacts, such as model/MLmodel"
        )
    return "/".join(pieces)


def listed(run: Run, path: str) -> list[File]:
    """What lies directly under a path of the run, folders first."""
    given = {"run_id": run.mlflow_id, **({"path": path} if path else {})}
    told = Upstream(run.project.slug).get("2.0/mlflow/artifacts/list", **given)
    found = [_file(each) for each in told.get("files", [])[:MOST_FILES]]
    return sorted(found, key=lambda file: (not file.is_dir, file.name))


def found(run: Run, path: str) -> File:
    """The file or folder at a path; `NotFound` where the run has none."""
    if not path:
        return File("", True, None)
    parent = str(PurePosixPath(path).parent)
    for file in listed(run, "" if parent == "." else parent):
        if file.path == path:
            return file
    raise NotFound(what="artifact")


@contextlib.contextmanager
def fetched(run: Run, path: str, *, most: int = LARGEST) -> Iterator[Path]:
    """The file on this machine, gone afterwards; whoever opened it may read on."""
    with tempfile.TemporaryDirectory(prefix="artifact-") as folder:
        place = Path(folder) / "file"
        Upstream(run.project.slug).file(run.mlflow_id, path, place, most=most)
        yield place


def _file(told: Json) -> File:
    size = told.get("file_size")
    is_dir = bool(told.get("is_dir"))
    return File(str(told.get("path", "")), is_dir, None if is_dir else int(size or 0))
