"""The MLflow server as the portal itself speaks to it; clients come through `proxy`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, lru_cache
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from apps.core.errors import NotFound, Retryable
from apps.core.http import (
    AddressRefused,
    Allow,
    BadAnswer,
    Denied,
    Download,
    Http,
    Refused,
    Response,
    Timeout,
    Untrusted,
)
from apps.core.http.client import PUBLIC_ONLY
from apps.models import servers
from apps.models.errors import MlflowAway, MlflowRefused, MlflowUnusable, NoWorkspaces
from apps.models.servers import Server

SERVICE = "MLflow"
WORKSPACE = "x-mlflow-workspace"
ABSENT = "RESOURCE_DOES_NOT_EXIST"
TAKEN = "RESOURCE_ALREADY_EXISTS"
DISABLED = "FEATURE_DISABLED"
WORKSPACES = "3.0/mlflow/workspaces"
PER_PAGE = 200
# MLflow keeps prompts in its registry, and leaves them out of a list that does not ask for them.
MODELS = ("2.0/mlflow/registered-models/search", "registered_models")
VERSIONS = ("2.0/mlflow/model-versions/search", "model_versions")
PROMPTS = "tags.`mlflow.prompt.is_prompt` = 'true'"
REFUSALS = (400, 401, 403, 404, 409, 422)
# Answers of MLflow's are as large as the largest page of runs.
LIMIT = 64 * 1024 * 1024
LONG_TRANSFER = 3600.0  # seconds for one file
ANSWERS = Timeout(connect=3, read=30, total=40)
FILES = Timeout(connect=3, read=60, total=900)

Json = dict[str, Any]
_ends_at: ContextVar[float | None] = ContextVar("mlflow_ends_at", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Ask nothing more once this time is over: a server may answer for ever, and lead nowhere."""
    token = _ends_at.set(monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


class Upstream:
    """MLflow's REST inside one workspace, on the server that the project lives on."""

    def __init__(self, workspace: str, server: Server | None = None) -> None:
        self.workspace = workspace
        self._given = server

    @cached_property
    def server(self) -> Server:
        return self._given or servers.of(self.workspace)

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

    def registered(self) -> Iterator[Json]:
        """Every registered model, prompts among them."""
        yield from self.listed(*MODELS)
        yield from self.listed(*MODELS, filter=PROMPTS)

    def versions(self) -> Iterator[Json]:
        """Every version of every registered model, those of prompts among them."""
        yield from self.listed(*VERSIONS)
        yield from self.listed(*VERSIONS, filter=PROMPTS)

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
        with self._talking() as http:
            answer = http.request(
                "GET",
                f"/api/{path}",
                headers=self._inside(),
                accept=REFUSALS,
                limit_bytes=most,
            )
        return answer.content if answer.status < 400 else None

    def download(self, path: str, to: Path, *, most: int) -> Download:
        """Write an artifact to a file in bounded memory; answers its size and SHA-256."""
        with self._talking() as http:
            return http.download(
                f"/api/{path}",
                to,
                headers=self._inside(),
                limit_bytes=most,
                seconds=LONG_TRANSFER,
            )

    def upload(self, path: str, file: Path) -> None:
        """Store a file as an artifact in bounded memory. Safe to repeat."""
        with self._talking() as http:
            http.request(
                "PUT",
                f"/api/{path}",
                headers={**self._inside(), "content-type": "application/octet-stream"},
                file=file,
                seconds=LONG_TRANSFER,
            )

    def file(self, run_id: str, path: str, to: Path, *, most: int) -> None:
        """Write a file that a run logged, wherever its artifacts are kept, in bounded memory."""
        try:
            with self._talking(FILES) as http:
                http.download(
                    "/get-artifact",
                    to,
                    params={"run_id": run_id, "path": path},
                    headers=self._inside(),
                    limit_bytes=most,
                )
        except Refused as error:
            raise NotFound(what="artifact") from error

    def ensure(self) -> None:
        """Make the workspace where MLflow does not have it yet. Safe to repeat."""
        if not self.server.workspaces:
            return
        try:
            self._make_workspace()
        except MlflowRefused as refusal:
            if refusal.data["answered"] == DISABLED:
                raise NoWorkspaces from refusal
            if refusal.data["answered"] != TAKEN:
                raise

    def _make_workspace(self) -> None:
        """Looks first: a second one of that name is an error in the log of MLflow's database."""
        try:
            self._ask("GET", f"{WORKSPACES}/{self.workspace}", inside=False)
        except MlflowRefused as refusal:
            if refusal.data["answered"] != ABSENT:
                raise
            self._ask("POST", WORKSPACES, json={"name": self.workspace}, inside=False)

    def _ask(
        self, method: str, path: str, *, inside: bool = True, root: str = "api", **options: Any
    ) -> Json:
        headers = self._inside() if inside else {}
        # A server without workspaces says so with 500, as it says that it has failed.
        accept = REFUSALS if inside else (*REFUSALS, 500)
        with self._talking() as http:
            answer = http.request(
                method, f"/{root}/{path}", headers=headers, accept=accept, **options
            )
        if _is_denied(answer):
            raise MlflowUnusable(reason="It does not accept the portal's credentials.")
        body = _read(answer)
        if answer.status == 500 and body.get("error_code") != DISABLED:
            raise MlflowAway
        if answer.status >= 400:
            said = self.server.hide(str(body.get("message", "")))[:300]
            raise MlflowRefused(answered=body.get("error_code", answer.status), reason=said)
        return body

    def _inside(self) -> dict[str, str]:
        """What names the workspace; a server that keeps none refuses a request that does."""
        return {WORKSPACE: self.workspace} if self.server.workspaces else {}

    @contextmanager
    def _talking(self, timeout: Timeout | None = None) -> Iterator[Http]:
        """The client of the server. Whatever keeps that from answering is `MlflowAway`."""
        ends_at = _ends_at.get()
        if ends_at is not None and monotonic() > ends_at:
            raise MlflowUnusable(reason="It has not come to an end in the time it was given.")
        http = _http(self.server, os.getpid(), timeout)
        try:
            yield http
        except Retryable as error:
            raise MlflowAway from error
        except (AddressRefused, Untrusted) as error:
            raise MlflowUnusable(reason=str(error)) from error
        except Denied as error:
            if not self.server.guarded:  # no credentials there: it refuses this one file
                raise
            raise MlflowUnusable(reason=str(error)) from error


def _is_denied(answer: Response) -> bool:
    """Whether the server, or a proxy before it, turns the portal itself away; MLflow refuses in JSON."""
    plain = "json" not in answer.headers.get("content-type", "")
    return answer.status == 401 or (answer.status == 403 and plain)


def _read(answer: Response) -> Json:
    """The answer's object. A page of a proxy's or of a half-started server is no answer of MLflow's."""
    try:
        body = answer.json() or {}
    except BadAnswer as error:
        raise MlflowAway from error
    if not isinstance(body, dict):
        raise MlflowAway
    return body


@lru_cache(maxsize=32)
def _http(server: Server, process: int, timeout: Timeout | None = None) -> Http:
    """One client to a process and server."""
    return Http(
        SERVICE,
        server.url,
        auth=server.auth,
        allow=PUBLIC_ONLY if server.guarded else _named(server.url),
        timeout=timeout or ANSWERS,
        limit_bytes=LIMIT,
    )


def _named(url: str) -> Allow:
    """The administrator named the site's own address in the settings, so the guard lets it pass."""
    where = urlsplit(url)
    port = where.port or (443 if where.scheme == "https" else 80)
    host = f"[{where.hostname}]" if ":" in (where.hostname or "") else where.hostname
    return Allow.of(f"{host}:{port}")
