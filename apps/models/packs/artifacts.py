"""The files of a version: listed through MLflow, each with its size and, where it can be read, its SHA-256."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from apps.core.errors import PortalError, Retryable
from apps.models.artifacts import SCHEME
from apps.models.models import ModelVersion
from apps.models.upstream import Upstream

MOST_FILES = 2000
LARGEST_HASHED = 4 * 1024**3  # bytes of one file
DEEPEST = 20
ROOT = "2.0/mlflow-artifacts/artifacts"


@dataclass(frozen=True, slots=True)
class Listed:
    """One file; `note` says why there is no digest."""

    path: str
    size: int
    sha256: str | None = None
    note: str = ""


def listed(version: ModelVersion, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Every file that the version's run left, by path. `say` hears of each before it is read."""
    folder = _folder(version)
    if folder is None:
        return []
    upstream = Upstream(version.project.slug)
    found = sorted(_walk(upstream, folder, "", 0), key=lambda each: each.path)
    with tempfile.TemporaryDirectory() as place:
        return [asdict(_hashed(upstream, folder, each, Path(place), say)) for each in found]


def _folder(version: ModelVersion) -> str | None:
    run = version.run
    if run is None or not run.artifact_uri.startswith(SCHEME):
        return None
    return run.artifact_uri.removeprefix(SCHEME).lstrip("/")


def _walk(upstream: Upstream, folder: str, path: str, depth: int) -> Iterator[Listed]:
    where = f"{folder}/{path}".rstrip("/")
    answer = upstream.find(ROOT, path=where) or {}
    for each in answer.get("files", [])[:MOST_FILES]:
        below = f"{path}/{each['path']}".lstrip("/")
        if not each.get("is_dir"):
            yield Listed(below, int(each.get("file_size", 0)))
        elif depth < DEEPEST:
            yield from _walk(upstream, folder, below, depth + 1)


def _hashed(
    upstream: Upstream, folder: str, file: Listed, place: Path, say: Callable[[str], None]
) -> Listed:
    if file.size > LARGEST_HASHED:
        return Listed(file.path, file.size, note=f"larger than {LARGEST_HASHED} bytes")
    say(file.path)
    to = place / "file"
    try:
        got = upstream.download(f"{ROOT}/{quote(f'{folder}/{file.path}')}", to, most=LARGEST_HASHED)
    except Retryable:
        raise
    except PortalError as error:
        return Listed(file.path, file.size, note=f"not readable: {error}"[:300])
    to.unlink()
    return Listed(file.path, got.size, got.sha256)
