"""`/serve/…` on the portal's own port is the gateway's answer, streams too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from apps.deployments.gateway.upstream import Upstream
from portal import serve
from tests.deployments.gateway.house import TOKEN, House
from tests.portal.polling import free_ports

PATH = b"/serve/churn/invocations"
HEADERS = [
    (b"authorization", f"Bearer {TOKEN}".encode()),
    (b"content-type", b"application/json"),
    (b"x-serve-version", b"1"),
    (b"cookie", b"session=secret"),
]


def asked(
    house_port: int,
    *,
    body: bytes = b'{"instances":[[1]]}',
    path: bytes = PATH,
    method: str = "POST",
) -> list[dict[str, Any]]:
    """What the application sends."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def running() -> None:
        serve.gateway = Upstream("127.0.0.1", house_port)
        scope = {"method": method, "raw_path": path, "query_string": b"", "headers": HEADERS}
        await serve.application(scope, receive, send)
        serve.gateway.close()

    asyncio.run(running())
    return sent


def test_it_passes_a_prediction_on(house: House) -> None:
    head, body = asked(house.port)
    headers = dict(head["headers"])
    assert (head["status"], headers[b"x-served-version"]) == (200, b"1")
    assert b"predictions" in body["body"]
    assert int(headers[b"content-length"]) == len(body["body"])
    assert headers[b"x-prediction-id"]
    assert not any(b"secret" in replica.seen() for replica in house.replicas)


def test_it_passes_questions_and_refusals_on(house: House) -> None:
    head, body = asked(house.port, path=b"/serve/churn/v2/health/ready", method="GET")
    assert (head["status"], body["body"]) == (200, b'{"ready": true}')
    head, _ = asked(house.port, path=b"/serve/churn/v2/health/ready", method="HEAD")
    assert head["status"] == 200
    head, _ = asked(house.port, path=b"/serve/nothing/invocations")
    assert head["status"] == 404
    head, _ = asked(house.port, method="DELETE")
    assert head["status"] == 405
    head, _ = asked(house.port, body=b"x" * (serve.MOST_BODY_BYTES + 1))
    assert head["status"] == 413


def test_a_stream_comes_piece_by_piece(house: House) -> None:
    one, other = house.replicas
    # Whoever is asked streams; one turn in each of them lets it come to its end.
    for replica in house.replicas:
        replica.tell("events")
        for _ in range(3):
            replica.tell("next")
    try:
        head, *parts = asked(house.port)
    finally:
        one.tell("ok")
        other.tell("ok")
    assert dict(head["headers"])[b"content-type"] == b"text/event-stream"
    bodies = [part["body"] for part in parts]
    assert b"".join(bodies) == b"data: one\n\ndata: two\n\ndata: three\n\n"
    assert [part.get("more_body", False) for part in parts] == [True] * (len(parts) - 1) + [False]


def test_without_a_gateway_it_says_so() -> None:
    head, body = asked(free_ports())
    assert head["status"] == 503
    assert b"gateway_away" in body["body"]


def test_a_stream_that_breaks_off_has_no_end() -> None:
    async def broken() -> None:
        answer = serve._Answer()
        answer.events(200, [])
        answer.piece(b"a")
        answer.failed("gone", sent=True)
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        with pytest.raises(ConnectionAbortedError):
            await serve._pass_on(send, await answer.begun, answer)
        assert [each.get("body") for each in sent] == [None, b"a"]

    asyncio.run(broken())
