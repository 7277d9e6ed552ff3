"""Streams of events: passed on piece by piece, logged when they end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deployments.gateway.house import House, Replica, post, read_all
from tests.portal.polling import until

ASKS = b"accept: text/event-stream\r\nconnection: close\r\n"


@pytest.fixture
def source(house: House) -> Iterator[Replica]:
    """The only model server, which streams."""
    one = house.replicas[0]
    house.say([house.target(one, "5")])
    one.tell("events")
    until(lambda: _begins(house, one), what="it is the only one")
    yield one
    one.tell("ok")
    house.say([house.target(replica) for replica in house.replicas])


def _begins(house: House, one: Replica) -> bool:
    with house.connect() as client:
        client.sendall(post(more=ASKS))
        head = client.recv(65536)
        for _ in range(3 * (b"text/event-stream" in head)):
            one.tell("next")
        read_all(client)
    return b"x-served-version: 5" in head


def until_seen(client: object, seen: bytes, wanted: bytes) -> bytes:
    while wanted not in seen:
        part = client.recv(65536)  # type: ignore[attr-defined]
        assert part, seen
        seen += part
    return seen


def test_pieces_come_as_they_are_made(house: House, source: Replica) -> None:
    with house.connect() as client:
        client.sendall(post(more=ASKS + b"x-prediction-id: stream-1\r\n"))
        seen = until_seen(client, b"", b"data: one")
        assert b"transfer-encoding: chunked" in seen
        assert b"x-served-version: 5" in seen
        assert b"data: two" not in seen
        source.tell("next")
        seen = until_seen(client, seen, b"data: two")
        assert not [each for each in house.logged() if each["id"] == "stream-1"]
        source.tell("next")
        source.tell("next")
        seen += read_all(client)
    assert seen.endswith(b"0\r\n\r\n")
    [logged] = [each for each in house.logged() if each["id"] == "stream-1"]
    assert logged["answered"] == b"data: one\n\ndata: two\n\ndata: three\n\n"
    assert logged["stream"] is True


def test_an_old_client_gets_it_unframed(house: House, source: Replica) -> None:
    with house.connect() as client:
        client.sendall(post(more=ASKS).replace(b"HTTP/1.1", b"HTTP/1.0"))
        seen = until_seen(client, b"", b"data: one")
        for _ in range(3):
            source.tell("next")
        seen += read_all(client)
    assert b"chunked" not in seen
    assert seen.endswith(b"data: one\n\ndata: two\n\ndata: three\n\n")


def test_one_that_breaks_off_is_seen_to(house: House, source: Replica) -> None:
    with house.connect() as client:
        client.sendall(post(more=ASKS + b"x-prediction-id: stream-2\r\n"))
        seen = until_seen(client, b"", b"data: one")
        source.kill()
        seen += read_all(client)
    source.start()
    source.tell("events")
    assert not seen.endswith(b"0\r\n\r\n")
    assert not [each for each in house.logged() if each["id"] == "stream-2"]


def test_one_whose_reader_left_is_logged(house: House, source: Replica) -> None:
    with house.connect() as client:
        client.sendall(post(more=ASKS + b"x-prediction-id: stream-3\r\n"))
        until_seen(client, b"", b"data: one")
    for _ in range(3):
        source.tell("next")
    until(lambda: [each for each in house.logged() if each["id"] == "stream-3"])
