from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass

import msgpack

from apps.deployments.gateway import metrics
from apps.deployments.gateway.callers import Callers
from apps.deployments.gateway.messages import Headers, Request, Response, problem
from apps.deployments.gateway.routes import Route, Table, Target
from apps.deployments.gateway.upstream import UpstreamFailed
from apps.predictions.journal import Journal

PATH = re.compile(r"^/serve/(?P<slug>[a-z0-9-]{1,60})/(?P<verb>invocations)$")
SAFE_ID = re.compile(rb"^[A-Za-z0-9._:-]{1,80}$")
BUDGET_SECONDS = 30.0
UNKNOWN = "There is no such deployment for you."
JSON = b"application/json"


@dataclass(frozen=True, slots=True)
class _Call:
    """One request on its way."""

    request: Request
    route: Route
    request_id: bytes
    prediction_id: bytes
    started: float


class Gateway:
    """Token, route, model server, journal, answer."""

    def __init__(self, table: Table, callers: Callers, journal: Journal) -> None:
        self.table, self.callers, self.journal = table, callers, journal

    async def handle(self, request: Request) -> Response:
        """Answer one request; never raises for anything a client can send."""
        if request.path == "/healthz":
            return Response(200, [(b"content-type", JSON)], b'{"status": "alive"}')
        started = time.perf_counter()
        given = request.header(b"x-request-id")
        request_id = given if SAFE_ID.match(given) else uuid.uuid4().hex.encode()
        response = await self._serve(request, request_id, started)
        response.headers.append((b"x-request-id", request_id))
        return response

    async def _serve(self, request: Request, request_id: bytes, started: float) -> Response:
        match = PATH.match(request.path)
        if match is None:
            return problem(404, "not_found", f"There is no {request.path}.")
        if request.method != "POST":
            return problem(405, "method_not_allowed", "Send POST.", [(b"allow", b"POST")])
        if (token := _token(request)) is None:
            challenge = (b"www-authenticate", b'Bearer realm="signalbox"')
            return problem(401, "not_authenticated", "Send a bearer token.", [challenge])
        route = self.table.routes.get(match["slug"])
        if route is None or not await self.callers.allowed(token, route.project_id):
            return problem(404, "not_found", UNKNOWN)
        given = request.header(b"x-prediction-id")
        if given and not SAFE_ID.match(given):
            return problem(400, "invalid", "X-Prediction-Id: at most 80 of A-Z a-z 0-9 . _ : -")
        prediction_id = given or uuid.uuid4().hex.encode()
        return await self._predict(_Call(request, route, request_id, prediction_id, started))

    async def _predict(self, call: _Call) -> Response:
        """Try the targets in turn, as long as none may have worked on the request."""
        for target in call.route.order():
            try:
                answer = await self._ask(call, target)
            except UpstreamFailed as error:
                metrics.failed(call.route.slug, target.version)
                if error.sent:
                    return _away(502, f"The model server failed: {error}.")
                continue
            return await self._log(call, target, answer)
        return _away(503, "No model server of this deployment is ready.")

    async def _ask(self, call: _Call, target: Target) -> Response:
        kind = call.request.header(b"content-type") or JSON
        headers: Headers = [(b"content-type", kind), (b"x-request-id", call.request_id)]
        upstream = self.table.upstream(target)
        return await upstream.call(
            b"/invocations", headers, call.request.body, seconds=BUDGET_SECONDS
        )

    async def _log(self, call: _Call, target: Target, answer: Response) -> Response:
        """A prediction leaves only once it is on disk."""
        seconds = time.perf_counter() - call.started
        metrics.answered(call.route.slug, target.version, answer.status, seconds)
        kind = next((value for name, value in answer.headers if name == b"content-type"), JSON)
        headers: Headers = [(b"content-type", kind), (b"x-served-version", target.version.encode())]
        if answer.status == 200:
            try:
                await self.journal.append(_frame(call, target, answer, seconds))
            except OSError:
                return _away(503, "The prediction could not be logged; the disk refuses it.")
            headers.append((b"x-prediction-id", call.prediction_id))
        return Response(answer.status, headers, answer.body)


def _token(request: Request) -> str | None:
    scheme, _, value = request.header(b"authorization").decode("latin-1").partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value.strip() else None


def _frame(call: _Call, target: Target, answer: Response, seconds: float) -> bytes:
    """What `apps.predictions` reads: one exchange as MessagePack."""
    exchange = {
        "deployment": call.route.deployment_id,
        "project": call.route.project_id,
        "release": target.release_id,
        "version": target.version,
        "id": call.prediction_id.decode(),
        "at": time.time(),
        "seconds": seconds,
        "content_type": call.request.header(b"content-type").decode("latin-1"),
        "asked": call.request.body,
        "answered": answer.body,
    }
    packed: bytes = msgpack.packb(exchange)
    return packed


def _away(status: int, detail: str) -> Response:
    return problem(status, "model_server_away", detail, [(b"retry-after", b"2")])
