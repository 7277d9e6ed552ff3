"""The model's files, where no one has brought them yet."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import mlflow.artifacts


def fetch(uri: str, folder: Path) -> Path:
    """The model's files, downloaded once; a download that was cut short is begun anew."""
    if not folder.exists():
        draft = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(draft))
        try:
            draft.rename(folder)
        except OSError:
            shutil.rmtree(draft)  # another server of the same version was first
    found = sorted(folder.rglob("MLmodel"))
    if not found:
        raise SystemExit(f"{uri} holds no MLflow model")
    return found[0].parent


if __name__ == "__main__":
    fetch(sys.argv[1], Path(sys.argv[2]))
