"""The MLflow server as the portal itself speaks to it; clients come through `proxy`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from apps.core.errors import NotFound, Retryable
from apps.core.http import Allow, BadAnswer, Download, Http, Refused, Response, Timeout
from apps.models.errors import MlflowAway, MlflowRefused, NoWorkspaces

SERVICE = "MLflow"
WORKSPACE = "x-mlflow-workspace"
ABSENT = "RESOURCE_DOES_NOT_EXIST"
TAKEN = "RESOURCE_ALREADY_EXISTS"
PER_PAGE = 200
REFUSALS = (400, 401, 403, 404, 409, 422)
# Answers of MLflow's are as large as the largest page of runs.
LIMIT = 64 * 1024 * 1024
LONG_TRANSFER = 3600.0  # seconds for one file
ANSWERS = Timeout(connect=3, read=30, total=40)
FILES = Timeout(connect=3, read=60, total=900)

Json = dict[str, Any]


class Upstream:
    """MLflow's REST inside one workspace."""

    def __init__(self, workspace: str) -> None:
        self.workspace = workspace

    def get(self, path: str, /, **params: Any) -> Json:
        return self._ask("GET", path, params=params)

    def seen(self, path: str, /, **params: Any) -> Json:
        """As `get`, from the part of MLflow's REST that its own page uses."""
        return self._ask("GET", path, root="ajax-api", params=params)

    def find(self, path: str, /, **params: Any) -> Json | None:
        """As `get`; `None` where MLflow knows no such record."""
        try:
            return self.get(path, **params)
        except MlflowRefused as refusal:
            if refusal.data["answered"] == ABSENT:
                return None
            raise

    def send(self, method: str, path: str, **body: Any) -> Json:
        return self._ask(method, path, json=body)

    def listed(self, path: str, key: str, **params: Any) -> Iterator[Json]:
        """Every record of a list that is asked for by GET."""
        token: str | None = ""
        while token is not None:
            given = {**params, "max_results": PER_PAGE, **({"page_token": token} if token else {})}
            page = self.get(path, **given)
            yield from page.get(key, [])
            token = page.get("next_page_token") or None

    def searched(self, path: str, key: str, **body: Any) -> Iterator[Json]:
        """Every record of a list that is asked for by POST."""
        token: str | None = ""
        while token is not None:
            given = {**body, "max_results": PER_PAGE, **({"page_token": token} if token else {})}
            page = self.send("POST", path, **given)
            yield from page.get(key, [])
            token = page.get("next_page_token") or None

    def content(self, path: str, *, most: int) -> bytes | None:
        """The bytes of an artifact, at most this many; `None` where there is none."""
        try:
            answer = _http(settings.MLFLOW_URL, os.getpid()).request(
                "GET",
                f"/api/{path}",
                headers={WORKSPACE: self.workspace},
                accept=REFUSALS,
                limit_bytes=most,
            )
        except Retryable as error:
            raise MlflowAway from error
        return answer.content if answer.status < 400 else None

    def download(self, path: str, to: Path, *, most: int) -> Download:
        """Write an artifact to a file in bounded memory; answers its size and SHA-256."""
        try:
            return _http(settings.MLFLOW_URL, os.getpid()).download(
                f"/api/{path}",
                to,
                headers={WORKSPACE: self.workspace},
                limit_bytes=most,
                seconds=LONG_TRANSFER,
            )
        except Retryable as error:
            raise MlflowAway from error

    def upload(self, path: str, file: Path) -> None:
        """Store a file as an artifact in bounded memory. Safe to repeat."""
        try:
            _http(settings.MLFLOW_URL, os.getpid()).request(
                "PUT",
                f"/api/{path}",
                headers={WORKSPACE: self.workspace, "content-type": "application/octet-stream"},
                file=file,
                seconds=LONG_TRANSFER,
            )
        except Retryable as error:
            raise MlflowAway from error

    def file(self, run_id: str, path: str, to: Path, *, most: int) -> None:
        """Write a file that a run logged, wherever its artifacts are kept, in bounded memory."""
        try:
            _http(settings.MLFLOW_URL, os.getpid(), FILES).download(
                "/get-artifact",
                to,
                params={"run_id": run_id, "path": path},
                headers={WORKSPACE: self.workspace},
                limit_bytes=most,
            )
        except Retryable as error:
            raise MlflowAway from error
        except Refused as error:
            raise NotFound(what="artifact") from error

    def ensure(self) -> None:
        """Make the workspace where MLflow does not have it yet. Safe to repeat."""
        try:
            self._ask("POST", "3.0/mlflow/workspaces", json={"name": self.workspace}, inside=False)
        except MlflowRefused as refusal:
            if refusal.data["answered"] == "FEATURE_DISABLED":
                raise NoWorkspaces from refusal
            if refusal.data["answered"] != TAKEN:
                raise

    def _ask(
        self, method: str, path: str, *, inside: bool = True, root: str = "api", **options: Any
    ) -> Json:
        headers = {WORKSPACE: self.workspace} if inside else {}
        try:
            answer = _http(settings.MLFLOW_URL, os.getpid()).request(
                method, f"/{root}/{path}", headers=headers, accept=REFUSALS, **options
            )
        except Retryable as error:
            raise MlflowAway from error
        body = _read(answer)
        if answer.status >= 400:
            said = str(body.get("message", ""))[:300]
            raise MlflowRefused(answered=body.get("error_code", answer.status), reason=said)
        return body


def _read(answer: Response) -> Json:
    """The answer's object. A page of a proxy's or of a half-started server is no answer of MLflow's."""
    try:
        body = answer.json() or {}
    except BadAnswer as error:
        raise MlflowAway from error
    if not isinstance(body, dict):
        raise MlflowAway
    return body


@lru_cache(maxsize=4)
def _http(url: str, process: int, timeout: Timeout | None = None) -> Http:
    """One client to a process. The administrator named the address, so the guard lets it pass."""
    where = urlsplit(url)
    port = where.port or (443 if where.scheme == "https" else 80)
    host = f"[{where.hostname}]" if ":" in (where.hostname or "") else where.hostname
    return Http(
        SERVICE,
        url,
        allow=Allow.of(f"{host}:{port}"),
        timeout=timeout or ANSWERS,
        limit_bytes=LIMIT,
    )
