"""Which path is answered by whom. Reading and scoring happen in the worker, never here."""

from __future__ import annotations

import re
from collections.abc import Callable

from mlflow.version import VERSION as MLFLOW

from apps.deployments.server import arrow
from apps.deployments.server.answers import Answer, Asked, Door, Request, dumps, problem
from apps.deployments.server.batcher import Batcher
from apps.deployments.server.inference import Inference
from apps.deployments.server.invocations import Invocations
from apps.deployments.server.scoring import Model

MODEL = re.compile(
    r"^/v2/models/(?P<name>[^/]{1,300})(?:/versions/(?P<version>[^/]{1,80}))?(?P<verb>/ready|/infer)?/?$"
)
Reply = Callable[[Answer], None]


class ModelServer:
    """One model version behind MLflow's protocol, the Open Inference Protocol and Arrow streams."""

    def __init__(self, model: Model, batcher: Batcher, *, name: str, version: str) -> None:
        self.batcher = batcher
        self.name, self.version = name, version
        self.draining = False
        self.grpc_port = 0
        self.invocations = Invocations(model)
        self.arrow = arrow.Arrow(model)
        self.inference = Inference(model, name=name, version=version)

    def take(self, request: Request, reply: Reply) -> None:
        """Answer now what costs nothing; hand the rest to the worker."""
        door = self._door(request) if request.method == "POST" else None
        if door is None:
            reply(self._answer(request))
        else:
            self.batcher.add(Asked(door, request, reply))

    def _door(self, request: Request) -> Door | None:
        if request.path == "/invocations":
            is_arrow = (
                request.header(b"content-type").partition(";")[0].strip().lower() == arrow.KIND
            )
            return self.arrow if is_arrow else self.invocations
        asked = MODEL.match(request.path)
        if asked and asked["verb"] == "/infer" and self._knows(asked):
            return self.inference
        return None

    def _knows(self, asked: re.Match[str]) -> bool:
        return asked["name"] == self.name and asked["version"] in {None, self.version}

    def _answer(self, request: Request) -> Answer:
        path = request.path.rstrip("/") or "/"
        if path.startswith("/v2"):
            return self._v2(request, path)
        if path not in {"/ping", "/health", "/version", "/invocations"}:
            return problem(404, f"There is no {request.path[:200]}.")
        wanted = {"POST"} if path == "/invocations" else {"GET", "HEAD"}
        if request.method not in wanted:
            return problem(
                405, f"{path} takes {' or '.join(sorted(wanted))}, not {request.method}."
            )
        if path == "/version":
            return Answer(200, dumps(self._about()))
        return self._ready()

    def _ready(self) -> Answer:
        if self.draining:
            return Answer(503, b'{"status": "stopping"}')
        return Answer(200, b'{"status": "ready"}')

    def _about(self) -> dict[str, object]:
        about: dict[str, object] = {"model": self.name, "version": self.version}
        about["mlflow"] = MLFLOW
        return {**about, "grpc_port": self.grpc_port} if self.grpc_port else about

    def _v2(self, request: Request, path: str) -> Answer:
        asked = MODEL.match(path)
        if asked and not self._knows(asked):
            given = asked["name"] + (f" version {asked['version']}" if asked["version"] else "")
            return _error(
                404, f"There is no model {given} here, only {self.name} version {self.version}."
            )
        wanted = "POST" if asked and asked["verb"] == "/infer" else "GET"
        known = path in {"/v2", "/v2/health/live", "/v2/health/ready"} or asked
        if not known:
            return _error(404, f"There is no {path[:200]}.")
        if request.method != wanted:
            return _error(405, f"{path[:200]} takes {wanted}, not {request.method}.")
        return self._told(path, ready=bool(asked and asked["verb"] == "/ready"))

    def _told(self, path: str, *, ready: bool) -> Answer:
        if path == "/v2":
            about = {"name": "signalbox", "version": self.version, "extensions": []}
            return Answer(200, dumps(about))
        if path == "/v2/health/live":
            return Answer(200, b'{"live": true}')
        status = 503 if self.draining else 200
        if path == "/v2/health/ready":
            return Answer(status, dumps({"ready": not self.draining}))
        if ready:
            return Answer(status, dumps({"name": self.name, "ready": not self.draining}))
        return Answer(200, dumps(self.inference.metadata()))


def _error(status: int, sentence: str) -> Answer:
    """A refusal as the Open Inference Protocol words it."""
    return Answer(status, dumps({"error": sentence}))
