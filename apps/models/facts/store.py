"""Reads the facts of a version and keeps them."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.core.errors import PortalError, Retryable
from apps.ledger.services import record
from apps.models.facts import pickles, places, requirements, signatures
from apps.models.facts.places import File
from apps.models.models import ModelVersion, VersionFacts
from apps.models.upstream import Upstream

LARGEST = 256 * 1024 * 1024  # bytes of one file that are read
MOST_READ = 2 * 1024 * 1024 * 1024  # bytes of one version that are read
LARGEST_TEXT = 4 * 1024 * 1024
PIECE = 1024 * 1024
MOST_RISKS = 2_000
TEXTS = ("MLmodel", "requirements.txt", "conda.yaml")


@dataclass
class Reading:
    """What has been read of one version so far."""

    files: list[dict[str, Any]] = field(default_factory=list)
    risks: list[dict[str, str]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    size: int = 0
    read: int = 0
    whole: bool = True


def of(version: ModelVersion) -> VersionFacts:
    """The facts of a version, read now where nobody has yet."""
    found = VersionFacts.objects.filter(version=version).first()
    return found if found is not None and not found.trouble else keep(version)


def keep(version: ModelVersion) -> VersionFacts:
    """Read the files anew and keep what they say. Safe to run twice."""
    mlflow = Upstream(version.project.slug)
    try:
        folder = places.folder_of(version, mlflow)
        values = _read(mlflow, folder) if folder else _nothing(version)
    except Retryable:
        raise  # MLflow is away: whoever asks tries again
    except PortalError as error:
        values = {"trouble": str(error)[:300]}
    return _store(version, {"folder": "", "trouble": "", **values})


def _nothing(version: ModelVersion) -> dict[str, Any]:
    where = version.source or "an unknown place"
    return {"trouble": f"Its files lie at {where}, which is no folder of MLflow's artifacts."[:300]}


def _read(mlflow: Upstream, folder: str) -> dict[str, Any]:
    reading = Reading()
    found = list(islice(places.files_of(mlflow, folder), places.MOST_FILES + 1))
    reading.whole = len(found) <= places.MOST_FILES
    for file in found[: places.MOST_FILES]:
        _take_in(mlflow, folder, file, reading)
    if not found:
        return {"folder": folder, "trouble": "MLflow knows no files of the version."}
    return {"folder": folder, **_told(reading)}


def _take_in(mlflow: Upstream, folder: str, file: File, reading: Reading) -> None:
    """One file: its digest, its pickles, and its text where it is one that says something."""
    reading.size += file.size
    digest = ""
    if file.size > LARGEST or reading.read + file.size > MOST_READ:
        reading.whole = False
        reading.risks.append(pickles.too_large(file.path, file.size))
    else:
        digest = _brought(mlflow, folder, file, reading)
    reading.files.append({"path": file.path, "size": file.size, "sha256": digest})


def _brought(mlflow: Upstream, folder: str, file: File, reading: Reading) -> str:
    with tempfile.TemporaryDirectory(prefix="sbx-") as room:
        here = Path(room) / "file"
        places.download(mlflow, folder, file, here)
        reading.read += file.size
        reading.risks += pickles.scan(here, file.path)
        if file.path in TEXTS and file.size <= LARGEST_TEXT:
            reading.texts[file.path] = here.read_text("utf-8", "replace")
        return _sha256(here)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _told(reading: Reading) -> dict[str, Any]:
    told = requirements.mlmodel(reading.texts.get("MLmodel", ""))
    wanted = requirements.lines(reading.texts.get("requirements.txt", ""))
    return {
        "signature": signatures.signature(told),
        "flavours": signatures.flavours(told),
        "licence": signatures.licence(told),
        "requirements": wanted,
        "files": reading.files,
        "size": reading.size,
        "digest": digest_of(reading.files),
        "digest_whole": reading.whole,
        "risks": list(islice(_risks(reading, wanted), MOST_RISKS)),
    }


def digest_of(files: list[dict[str, Any]]) -> str:
    """SHA-256 over name, size and content digest of each file, in the order of the names."""
    lines = sorted(f"{each['path']}\0{each['size']}\0{each['sha256']}\n" for each in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _risks(reading: Reading, wanted: list[str]) -> Iterator[dict[str, str]]:
    yield from reading.risks
    yield from requirements.risks("requirements.txt", wanted)
    conda, pip = requirements.of_conda(reading.texts.get("conda.yaml", ""))
    yield from requirements.conda_risks("conda.yaml", conda)
    yield from requirements.risks("conda.yaml", [line for line in pip if line not in wanted])


def give_up(version: ModelVersion) -> None:
    """Note that the files could not be read, so that nobody tries again and again by itself."""
    trouble = (
        "The job that read the files failed; it says why. Read them again once that is mended."
    )
    VersionFacts.objects.get_or_create(version=version, defaults={"trouble": trouble})


@transaction.atomic
def _store(version: ModelVersion, values: dict[str, Any]) -> VersionFacts:
    before = VersionFacts.objects.select_for_update().filter(version=version).first()
    row, _ = VersionFacts.objects.update_or_create(
        version=version, defaults={**values, "read_at": timezone.now()}
    )
    if row.digest and (before is None or before.digest != row.digest):
        data = {"digest": row.digest, "size": row.size, "before": before.digest if before else ""}
        record(
            actor=None,
            verb="models.facts_read",
            subject=version,
            project_id=version.project_id,
            data=data,
        )
    return row
