"""What is passed on of a request and of an answer. Everything else of either is the gateway's own."""

from __future__ import annotations

from apps.deployments.gateway.messages import Headers, Request, Response, problem
from apps.deployments.gateway.table import Endpoint, Replica

JSON = b"application/json"
EVENTS = b"text/event-stream"
ON = (b"accept", b"inference-header-content-length", b"traceparent", b"tracestate")
BACK = frozenset({b"content-type", b"content-encoding", b"inference-header-content-length"})


def message_to(replica: Replica, endpoint: Endpoint, request: Request, request_id: bytes) -> bytes:
    """The request for a model server: made anew, so that nothing of the client's framing is left."""
    headers = request.headers
    more = b""
    for name in ON:
        if name in headers:
            more += b"%b: %b\r\n" % (name, headers[name])
    if endpoint.method == b"GET":
        length = b""
    else:
        kind = headers.get(b"content-type") or JSON
        length = b"content-type: %b\r\ncontent-length: %d\r\n" % (kind, len(request.body))
    return b"%b %b HTTP/1.1\r\n%b%b%bx-request-id: %b\r\n\r\n%b" % (
        endpoint.method,
        endpoint.path,
        replica.host,
        more,
        length,
        request_id,
        request.body if length else b"",
    )


def lines_back(replica: Replica, headers: Headers) -> bytes:
    """The lines of an answer's head that tell of its body and of who gave it."""
    lines = replica.served
    for pair in headers:
        if pair[0] in BACK:
            lines += b"%b: %b\r\n" % pair
    return lines


def answer_back(replica: Replica, status: int, headers: Headers, body: bytes) -> Response:
    """An answer that is no prediction."""
    kept = [pair for pair in headers if pair[0] in BACK]
    return Response(status, [*kept, (b"x-served-version", replica.version)], body)


def away(status: int, detail: str) -> Response:
    """No model server answered."""
    return problem(status, "model_server_away", detail, [(b"retry-after", b"2")])
