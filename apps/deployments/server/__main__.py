"""`python -m apps.deployments.server`: fetch one model once, load it and serve it."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
from pathlib import Path

import mlflow.artifacts
import uvicorn

from apps.deployments.server import scoring
from apps.deployments.server.app import ModelServer

logger = logging.getLogger(__name__)


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


def main() -> None:
    """Serve until TERM, then finish what is under way."""
    parser = argparse.ArgumentParser(prog="apps.deployments.server")
    parser.add_argument("--uri", required=True, help="for example models:/credit/3")
    parser.add_argument("--folder", required=True, type=Path, help="where its files are kept")
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 in a container")
    parser.add_argument("--replica", required=True, help="which row of the portal this is")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO)

    model = scoring.load(str(fetch(given.uri, given.folder)))
    model.warm_up()
    app = ModelServer(model, name=given.name, version=given.version)
    uvicorn.run(
        app,
        host=given.host,
        port=given.port,
        lifespan="off",
        access_log=False,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
