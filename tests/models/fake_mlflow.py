"""A scripted MLflow: what the portal asks of its REST, in memory, on a real socket."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.test import override_settings

from apps.models import upstream
from apps.models.servers import Server
from tests.core.loopback import Asked, answer, loopback

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"


class FakeMlflow:
    """One workspace's experiments, runs, models, versions and artifacts."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.experiments: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.models: dict[str, dict[str, Any]] = {}
        self.versions: list[dict[str, Any]] = []
        self.asked: list[str] = []
        # Paths that answer with a status instead, as often as their number says.
        self.broken: dict[str, tuple[int, int]] = {}

    def __call__(self, _: socket.socket, asked: Asked) -> bytes:
        where = urlsplit(asked.target)
        query = {name: values[0] for name, values in parse_qs(where.query).items()}
        self.asked.append(f"{asked.method} {where.path}")
        for path, (status, times) in list(self.broken.items()):
            if path in where.path and times:
                self.broken[path] = (status, times - 1)
                return answer(status, b'{"error_code": "INTERNAL_ERROR"}')
        if where.path.startswith(ARTIFACTS):
            return self.artifact(asked, unquote(where.path[len(ARTIFACTS) :]).strip("/"), query)
        body = json.loads(asked.body) if asked.body else query
        name = where.path.partition("/mlflow/")[2].replace("/", "_").replace("-", "_")
        found = getattr(self, "workspaces" if name.startswith("workspaces_") else name)(body)
        if found is None:
            refusal = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"no {name}"}
            return answer(404, json.dumps(refusal).encode())
        return answer(200, json.dumps(found).encode())

    def artifact(self, asked: Asked, path: str, query: dict[str, str]) -> bytes:
        if asked.method == "PUT":
            self.files[path] = asked.body
            return answer(200, b"{}")
        if path:
            return answer(200, self.files[path]) if path in self.files else answer(404)
        return answer(200, json.dumps({"files": self.below(query.get("path", ""))}).encode())

    def below(self, folder: str) -> list[dict[str, Any]]:
        prefix = f"{folder}/" if folder else ""
        names = {
            name.removeprefix(prefix).partition("/")[::2]
            for name in self.files
            if name.startswith(prefix)
        }
        sizes = {name: len(self.files.get(f"{prefix}{name}", b"")) for name, _ in names}
        return [
            {"path": name, "is_dir": bool(rest), "file_size": sizes[name]}
            for name, rest in sorted({(name, bool(rest)) for name, rest in names})
        ]

    # Tracking

    def workspaces(self, body: dict[str, Any]) -> dict[str, Any]:
        return {}

    def experiments_get_by_name(self, body: dict[str, Any]) -> dict[str, Any] | None:
        found = [
            each for each in self.experiments.values() if each["name"] == body["experiment_name"]
        ]
        return {"experiment": found[0]} if found else None

    def experiments_create(self, body: dict[str, Any]) -> dict[str, Any]:
        number = str(len(self.experiments) + 1)
        self.experiments[number] = {"experiment_id": number, "name": body["name"]}
        return {"experiment_id": number}

    def experiments_get(self, body: dict[str, Any]) -> dict[str, Any] | None:
        found = self.experiments.get(body["experiment_id"])
        return {"experiment": found} if found else None

    def runs_create(self, body: dict[str, Any]) -> dict[str, Any]:
        number = f"{len(self.runs) + 1:032x}"
        info = {
            "run_id": number,
            "experiment_id": body["experiment_id"],
            "run_name": body.get("run_name", ""),
            "status": "RUNNING",
            "start_time": body.get("start_time"),
            "artifact_uri": f"mlflow-artifacts:/{body['experiment_id']}/{number}/artifacts",
        }
        self.runs[number] = {"info": info, "data": {"tags": body.get("tags", [])}}
        return {"run": self.runs[number]}

    def runs_update(self, body: dict[str, Any]) -> dict[str, Any]:
        self.runs[body["run_id"]]["info"]["status"] = body["status"]
        return {}

    def runs_get(self, body: dict[str, Any]) -> dict[str, Any] | None:
        found = self.runs.get(body["run_id"])
        return {"run": found} if found else None

    def runs_search(self, body: dict[str, Any]) -> dict[str, Any]:
        wanted = body["filter"].partition("= '")[2].rstrip("'")
        found = [
            run
            for run in self.runs.values()
            if any(tag["value"] == wanted for tag in run["data"]["tags"])
        ]
        return {"runs": found}

    # Registry

    def registered_models_get(self, body: dict[str, Any]) -> dict[str, Any] | None:
        found = self.models.get(body["name"])
        return {"registered_model": found} if found else None

    def registered_models_create(self, body: dict[str, Any]) -> dict[str, Any]:
        self.models[body["name"]] = {"name": body["name"], "tags": body.get("tags", [])}
        return {"registered_model": self.models[body["name"]]}

    def model_versions_search(self, body: dict[str, Any]) -> dict[str, Any]:
        run = body["filter"].partition("run_id = '")[2].partition("'")[0]
        return {"model_versions": [each for each in self.versions if each["run_id"] == run]}

    def model_versions_create(self, body: dict[str, Any]) -> dict[str, Any]:
        number = sum(each["name"] == body["name"] for each in self.versions) + 1
        row = {**body, "version": str(number), "status": "READY"}
        self.versions.append(row)
        return {"model_version": row}

    def model_versions_get(self, body: dict[str, Any]) -> dict[str, Any] | None:
        wanted = (body["name"], body["version"])
        found = [each for each in self.versions if (each["name"], each["version"]) == wanted]
        return {"model_version": found[0]} if found else None


@contextmanager
def scripted(mlflow: FakeMlflow) -> Iterator[None]:
    """Let the portal speak to the scripted server, and hang up afterwards."""
    with loopback(mlflow) as server, override_settings(MLFLOW_URL=server.url):
        try:
            yield
        finally:
            upstream._http(Server(server.url), os.getpid()).close()
            upstream._http.cache_clear()
