"""A stand-in that speaks the little of MLflow's REST that gates, promotions and facts ask for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.test import override_settings

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
ABSENT = (404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such record"})

Told = tuple[int, Any]


@dataclass
class FakeMlflow:
    """What it holds, and what it was asked."""

    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    # Name and number of a version to the folder of its files.
    folders: dict[tuple[str, str], str] = field(default_factory=dict)
    deleted: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, address: str, body: dict[str, Any]) -> Told:
        where = urlsplit(address)
        asked = {name: values[0] for name, values in parse_qs(where.query).items()}
        self.asked.append(f"{method} {where.path}")
        if where.path.startswith(ARTIFACTS):
            return self._artifacts(method, unquote(where.path[len(ARTIFACTS) :]).strip("/"), asked)
        name = where.path.rpartition("mlflow/")[2]
        known = {
            "workspaces": self._nothing,
            "registered-models/alias": self._alias,
            "registered-models/get": self._model,
            "model-versions/get-download-uri": self._folder,
            "model-versions/delete": self._delete,
        }
        return known.get(name, lambda given: ABSENT)({**asked, **body})

    def _nothing(self, given: dict[str, Any]) -> Told:
        return 200, {}

    def _alias(self, given: dict[str, Any]) -> Told:
        self.aliases[(given["name"], given["alias"])] = str(given["version"])
        return 200, {}

    def _model(self, given: dict[str, Any]) -> Told:
        held = [
            {"alias": alias, "version": version}
            for (name, alias), version in self.aliases.items()
            if name == given["name"]
        ]
        return 200, {"registered_model": {"name": given["name"], "aliases": held}}

    def _folder(self, given: dict[str, Any]) -> Told:
        folder = self.folders.get((given["name"], given["version"]))
        return (200, {"artifact_uri": f"mlflow-artifacts:/{folder}"}) if folder else ABSENT

    def _delete(self, given: dict[str, Any]) -> Told:
        self.deleted.append((given["name"], given["version"]))
        return 200, {}

    def _artifacts(self, method: str, path: str, asked: dict[str, str]) -> Told:
        if method == "DELETE":
            gone = [name for name in self.files if f"{name}/".startswith(f"{path}/")]
            for name in gone:
                del self.files[name]
            return 200, {}
        if path:
            return (200, self.files[path]) if path in self.files else ABSENT
        return 200, {"files": list(self._listed(asked.get("path", "")))}

    def _listed(self, folder: str) -> Iterator[dict[str, Any]]:
        below = {
            name: name[len(folder) + 1 :] for name in self.files if name.startswith(f"{folder}/")
        }
        for directory in sorted({rest.split("/")[0] for rest in below.values() if "/" in rest}):
            yield {"path": directory, "is_dir": True}
        for name, rest in sorted(below.items()):
            if "/" not in rest:
                yield {"path": rest, "is_dir": False, "file_size": len(self.files[name])}


@contextmanager
def fake_mlflow() -> Iterator[FakeMlflow]:
    """Run it, and let the portal believe that it is MLflow."""
    fake = FakeMlflow()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            status, told = fake.answer(self.command, self.path, body)
            packed = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        do_GET = do_POST = do_DELETE = do_PATCH = _serve  # noqa: N815

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    try:
        with override_settings(MLFLOW_URL=f"http://127.0.0.1:{server.server_port}"):
            yield fake
    finally:
        server.shutdown()
        server.server_close()
