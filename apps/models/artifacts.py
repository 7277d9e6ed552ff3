"""The files that a run logged."""

from __future__ import annotations

from urllib.parse import quote

from apps.models.models import ModelVersion
from apps.models.upstream import Upstream

SCHEME = "mlflow-artifacts:/"


def read(version: ModelVersion, path: str, *, most: int) -> bytes | None:
    """One file of the version's run, at most `most` bytes; `None` where the run has no such file."""
    run = version.run
    if run is None or not run.artifact_uri.startswith(SCHEME) or ".." in path.split("/"):
        return None
    folder = run.artifact_uri.removeprefix(SCHEME).lstrip("/")
    place = quote(f"{folder}/{path}")
    upstream = Upstream(version.project.slug)
    return upstream.content(f"2.0/mlflow-artifacts/artifacts/{place}", most=most)
