"""MLflow servers of somebody's own: each with its own port, records and sign-in, with or without workspaces."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, unquote, urlsplit

from django.test import override_settings

from apps.models import upstream, workspaces
from apps.models.proxy import app
from tests.core.loopback import Asked, Loopback, answer, loopback
from tests.models.fake_registry import Absent, FakeMlflow
from tests.models.faulty_mlflow import QUICK

WORKSPACE = "3.0/mlflow/workspaces/"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
DISABLED = {"error_code": "FEATURE_DISABLED", "message": "workspaces are not enabled"}
ABSENT = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "absent"}


class Disabled(Exception):
    """What MLflow answers with FEATURE_DISABLED."""


class OwnServer(FakeMlflow):
    """One server. With `token` it answers nobody else; `named` are the workspaces it was asked for."""

    def __init__(self, *, token: str = "", keeps_workspaces: bool = False) -> None:
        super().__init__()
        self.token = token
        self.keeps_workspaces = keeps_workspaces
        self.named: set[str] = set()
        self.files: dict[str, bytes] = {}
        self.down = False

    def __call__(self, _: socket.socket, asked: Asked) -> bytes | None:
        return None if self.down else self.said(asked)

    def said(self, asked: Asked) -> bytes:
        where = urlsplit(asked.target)
        if where.path.endswith("/server-info"):
            return told({"workspaces_enabled": self.keeps_workspaces})
        if self.token and asked.headers.get("authorization") != f"Bearer {self.token}":
            return answer(401, b"Who?", content_type="text/html", connection="close")
        if (named := asked.headers.get("x-mlflow-workspace")) is not None:
            self.named.add(named)
            if not self.keeps_workspaces:
                return told(DISABLED, 500)
        if where.path.startswith(FILES):
            return self.file(
                unquote(where.path[len(FILES) :]).strip("/"), dict(parse_qsl(where.query))
            )
        given = json.loads(asked.body) if asked.body else dict(parse_qsl(where.query))
        try:
            return told(self.answer(asked.method, where.path.removeprefix("/api/"), given))
        except Absent:
            return told(ABSENT, 404)
        except Disabled:
            return told(DISABLED, 500)

    def file(self, path: str, given: dict[str, str]) -> bytes:
        if path:
            return answer(200, self.files[path]) if path in self.files else told(ABSENT, 404)
        folder = given.get("path", "").strip("/")
        below = [name for name in self.files if name.startswith(f"{folder}/")]
        names = sorted({name[len(folder) + 1 :].partition("/")[::2] for name in below})
        listed = {name: bool(rest) for name, rest in names}
        sizes = {name: len(self.files.get(f"{folder}/{name}", b"")) for name in listed}
        return told(
            {
                "files": [
                    {"path": name, "is_dir": is_dir, "file_size": sizes[name]}
                    for name, is_dir in listed.items()
                ]
            }
        )

    def _get_3_0_mlflow_workspaces(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"workspaces": []}

    def _post_3_0_mlflow_workspaces(self, given: dict[str, Any]) -> dict[str, Any]:
        if not self.keeps_workspaces:
            raise Disabled
        self.named.add(given["name"])
        return {"workspace": given}

    def _post_experiments_create(self, given: dict[str, Any]) -> dict[str, Any]:
        number = str(len(self.experiments) + 1)
        self.experiments[number] = {"experiment_id": number, "name": given["name"]}
        return {"experiment_id": number}

    def _get_model_versions_get_download_uri(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"artifact_uri": f"mlflow-artifacts:/{given['name']}/{given['version']}"}

    def _workspace(self, name: str) -> dict[str, Any]:
        if not self.keeps_workspaces:
            raise Disabled
        if name not in self.named:
            raise Absent
        return {"workspace": {"name": name}}

    def answer(self, method: str, path: str, given: dict[str, Any]) -> dict[str, Any]:
        if path.startswith(WORKSPACE):
            self.asked.append((method, path))
            return self._workspace(path.removeprefix(WORKSPACE))
        return super().answer(method, path.replace("3.0/", "3_0/"), given)


def told(body: dict[str, Any], status: int = 200) -> bytes:
    packed = json.dumps(body).encode()
    return answer(status, packed, content_type="application/json", connection="close")


@contextmanager
def listening(*servers: OwnServer) -> Iterator[list[Loopback]]:
    """Let the servers listen, allowed as an administrator would; the first is the site's own."""
    with ExitStack() as stack:
        found = [stack.enter_context(loopback(each)) for each in servers]
        settings = override_settings(MLFLOW_URL=found[0].url, HTTP_ALLOW=("127.0.0.1",))
        stack.enter_context(settings)
        stack.enter_context(patch.object(upstream, "ANSWERS", QUICK))
        try:
            yield found
        finally:
            upstream._http.cache_clear()
            app._forward.cache_clear()
            workspaces._seen.clear()
