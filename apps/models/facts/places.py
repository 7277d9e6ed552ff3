"""Where the files of a version lie, and which they are, as MLflow tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from apps.models.models import ModelVersion
from apps.models.upstream import Upstream

SCHEME = "mlflow-artifacts:/"
FILES = "2.0/mlflow-artifacts/artifacts"
MOST_FILES = 2_000
DEEPEST = 12


@dataclass(frozen=True, slots=True)
class File:
    """One file of a version; `path` is below the version's own folder."""

    path: str
    size: int


def folder_of(version: ModelVersion, mlflow: Upstream) -> str:
    """The folder of the version's files; empty where they lie outside MLflow's own artifacts."""
    told = mlflow.find(
        "2.0/mlflow/model-versions/get-download-uri",
        name=version.model.name,
        version=str(version.number),
    )
    address = str((told or {}).get("artifact_uri", ""))
    if address.startswith("runs:/"):
        return _of_run(version, address)
    if address.startswith("models:/m-"):
        address = _of_logged_model(mlflow, address.removeprefix("models:/"))
    return _inside(address)


def files_of(mlflow: Upstream, folder: str) -> Iterator[File]:
    """Every file below a folder, by name."""
    yield from _below(mlflow, folder, "", 0)


def download(mlflow: Upstream, folder: str, file: File, to: Path) -> None:
    """Bring one file here, in bounded memory."""
    mlflow.download(f"{FILES}/{quote(f'{folder}/{file.path}')}", to, most=file.size)


def delete(mlflow: Upstream, folder: str) -> None:
    """Remove a folder with its files. Safe to repeat."""
    mlflow.send("DELETE", f"{FILES}/{quote(folder)}")


def _below(mlflow: Upstream, folder: str, inner: str, depth: int) -> Iterator[File]:
    told = mlflow.get(FILES, path=f"{folder}/{inner}".rstrip("/"))
    for each in sorted(told.get("files", []), key=lambda item: str(item.get("path"))):
        name = str(each.get("path", "")).rpartition("/")[2]
        path = f"{inner}/{name}" if inner else name
        if not each.get("is_dir"):
            yield File(path, int(each.get("file_size") or 0))
        elif depth < DEEPEST:
            yield from _below(mlflow, folder, path, depth + 1)


def _of_run(version: ModelVersion, address: str) -> str:
    run_id, _, path = address.removeprefix("runs:/").partition("/")
    run = version.run
    if run is None or run.mlflow_id != run_id:
        return ""
    return _inside(f"{run.artifact_uri.rstrip('/')}/{path}")


def _of_logged_model(mlflow: Upstream, name: str) -> str:
    found = mlflow.find(f"2.0/mlflow/logged-models/{quote(name, safe='')}")
    info = (found or {}).get("model", {}).get("info", {})
    return str(info.get("artifact_uri", ""))


def _inside(address: str) -> str:
    if not address.startswith(SCHEME) or ".." in address.split("/"):
        return ""
    return address.removeprefix(SCHEME).strip("/")
