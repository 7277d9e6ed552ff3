"""What a request has to pass: path, method, token and role, rate; then it is on its way."""

from __future__ import annotations

import math
import os
import re
from functools import partial

import httptools

from apps.deployments.gateway.call import Call
from apps.deployments.gateway.callers import Callers, digest
from apps.deployments.gateway.limits import Rates
from apps.deployments.gateway.messages import Request, Response, problem
from apps.deployments.gateway.passing import JSON, away
from apps.deployments.gateway.table import Endpoint, Table
from apps.deployments.gateway.tries import Desk
from apps.deployments.gateway.wire import Client

SAFE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,80}")
UNKNOWN = "There is no such deployment for you."
CHALLENGE = [(b"www-authenticate", b'Bearer realm="signalbox"')]
ALIVE = Response(200, [(b"content-type", JSON)], b'{"status": "alive"}')


class Gateway:
    """Answers requests from a table of routes."""

    def __init__(self, desk: Desk, table: Table, callers: Callers) -> None:
        self.desk, self.table, self.callers = desk, table, callers
        self.rates = Rates()
        self.ids = _Ids()

    # What the wire reports.

    def request(self, request: Request, client: Client) -> None:
        """Begin to answer one request; never raises for anything a client can send."""
        endpoint = self.table.paths.get(request.target)
        if endpoint is None:
            path = _path(request.target)
            endpoint = self.table.paths.get(path)
            if endpoint is None and not path.startswith(b"/serve/"):
                self._elsewhere(request, client, path)
                return
        token = _token(request.headers.get(b"authorization", b""))
        if token is None:
            response = problem(401, "not_authenticated", "Send a bearer token.", [*CHALLENGE])
            self._say(request, client, response)
            return
        if endpoint is None:
            self._say(request, client, problem(404, "not_found", UNKNOWN))
            return
        project = endpoint.way.route.project_id
        allowed = self.callers.allowed(token, project)
        if allowed is None:
            told = partial(self._told, endpoint, request, client, token)
            self.callers.ask(token, project, told)
        else:
            self._told(endpoint, request, client, token, allowed)

    def look(self, now: float) -> None:
        """See to what has waited for long; asked every few milliseconds."""
        for each in [each for each in self.desk.waiting if each.next_look <= now]:
            each.look(now)

    # Inside.

    def _told(
        self,
        endpoint: Endpoint,
        request: Request,
        client: Client,
        token: bytes,
        allowed: bool | None,
    ) -> None:
        if allowed is None:
            detail = "The portal cannot be asked who may call; try again."
            retry = [(b"retry-after", b"2")]
            self._say(request, client, problem(503, "portal_away", detail, retry))
        elif not allowed:
            self._say(request, client, problem(404, "not_found", UNKNOWN))
        elif request.method != endpoint.method and not _is_head(request, endpoint):
            allow = [(b"allow", endpoint.method)]
            detail = f"Send {endpoint.method.decode()}."
            self._say(request, client, problem(405, "method_not_allowed", detail, allow))
        elif (refusal := self._over_rate(endpoint, token)) is not None:
            self._say(request, client, refusal)
        elif not endpoint.path:
            self._say(request, client, self._readiness(endpoint))
        else:
            self._call(endpoint, request, client)

    def _over_rate(self, endpoint: Endpoint, token: bytes) -> Response | None:
        route = endpoint.way.route
        if not route.requests_per_second:
            return None
        key = (digest(token), route.deployment_id)
        seconds = self.rates.wait(key, route.requests_per_second, self.desk.clock())
        if not seconds:
            return None
        detail = f"At most {route.requests_per_second:g} requests a second; try again."
        retry = [(b"retry-after", b"%d" % math.ceil(seconds))]
        return problem(429, "too_many_requests", detail, retry)

    def _call(self, endpoint: Endpoint, request: Request, client: Client) -> None:
        call = Call(self.desk, endpoint, request, client)
        call.version = endpoint.version
        headers = request.headers
        call.request_id = call.prediction_id = self.ids.new()
        if (given := headers.get(b"x-request-id")) and SAFE_ID.fullmatch(given):
            call.request_id = given
        if given := headers.get(b"x-prediction-id"):
            if not SAFE_ID.fullmatch(given):
                detail = "X-Prediction-Id: at most 80 of A-Z a-z 0-9 . _ : -"
                self._say(request, client, problem(400, "invalid", detail))
                return
            call.prediction_id = given
        if wanted := headers.get(b"x-serve-version"):
            call.version = wanted.decode("latin-1").strip()
            if call.version not in endpoint.way.versions:
                served = ", ".join(sorted(endpoint.way.versions))
                detail = f"X-Serve-Version: {call.version[:40]} is not served; {served} is."
                self._say(request, client, problem(400, "version_not_served", detail))
                return
        client.source = call
        call.begin()

    def _readiness(self, endpoint: Endpoint) -> Response:
        if endpoint.way.is_ready(self.desk.clock()):
            return Response(200, [(b"content-type", JSON)], b'{"ready": true}')
        return away(503, "No model server of this deployment is ready.")

    def _elsewhere(self, request: Request, client: Client, path: bytes) -> None:
        if path == b"/healthz":
            client.answer(ALIVE.encode(request))
            return
        shown = path[:80].decode("latin-1")
        self._say(request, client, problem(404, "not_found", f"There is no {shown}."))

    def _say(self, request: Request, client: Client, response: Response) -> None:
        if response.status >= 400:
            self.desk.counts.refused[str(response.status)] += 1
        given = request.headers.get(b"x-request-id", b"")
        request_id = given if SAFE_ID.fullmatch(given) else self.ids.new()
        response.headers.append((b"x-request-id", request_id))
        client.answer(response.encode(request))


class _Ids:
    """Names that are never used twice: a random start for each process, and a number."""

    def __init__(self) -> None:
        self.start, self.number = os.urandom(10).hex().encode(), 0

    def new(self) -> bytes:
        self.number += 1
        return b"%b%012x" % (self.start, self.number)


def _path(target: bytes) -> bytes:
    """The path of a target in any of its forms, without what is asked of it."""
    if target.startswith(b"/"):
        return target.partition(b"?")[0]
    try:
        return httptools.parse_url(target).path or b"/"
    except httptools.HttpParserInvalidURLError:
        return target


def _is_head(request: Request, endpoint: Endpoint) -> bool:
    return request.method == b"HEAD" and endpoint.method == b"GET"


def _token(value: bytes) -> bytes | None:
    scheme, _, token = value.partition(b" ")
    return token.strip() or None if scheme.lower() == b"bearer" else None
