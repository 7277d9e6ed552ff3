"""What clients and model servers may send to harm: nothing reaches a model server that was not meant to."""

from __future__ import annotations

import contextlib
import re
import socket

import pytest

from apps.deployments.gateway.wire import MOST_BODY_BYTES
from tests.deployments.gateway.house import House, post, read_all

BODY = b'{"instances":[[1]]}'
CLOSE = b"connection: close\r\n"
START = b"POST /serve/churn/invocations HTTP/1.1\r\nhost: a\r\nauthorization: Bearer sbx_ours\r\n"
SMUGGLED = b"POST /smuggled HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n"
CHUNKED = START + b"transfer-encoding: chunked\r\n"
MALFORMED = {
    "content-length and chunked": START
    + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "chunked and content-length": CHUNKED + b"content-length: 4\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "an unknown coding": START + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked is not last": START + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a space before the colon": START + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": START + b"content-length: 0\r\ncontent-length: 60\r\n\r\n" + SMUGGLED,
    "the same length twice": START + b"content-length: 2\r\ncontent-length: 2\r\n\r\n{}",
    "a list of lengths": START + b"content-length: 2, 2\r\n\r\n{}",
    "a signed length": START + b"content-length: +2\r\n\r\n{}",
    "a length without end": START + b"content-length: 99999999999999999999999\r\n\r\n{}",
    "a folded header": START + b"x: a\r\n b\r\ncontent-length: 2\r\n\r\n{}",
    "bare line feeds": START.replace(b"\r\n", b"\n") + b"content-length: 2\n\n{}",
    "a bare carriage return": START + b"x: a\rcontent-length: 2\r\n\r\n{}",
    "a null in a value": START + b"x: a\x00b\r\ncontent-length: 2\r\n\r\n{}",
    "a null in a name": START + b"x\x00: a\r\ncontent-length: 2\r\n\r\n{}",
    "a chunk that ends in a line feed": CHUNKED + b"\r\n2\n{}\n0\n\n",
    "a negative chunk": CHUNKED + b"\r\n-2\r\n{}\r\n0\r\n\r\n",
    "a chunk without end": CHUNKED + b"\r\nfffffffffffffffff\r\n{}",
    "a chunk longer than it says": CHUNKED + b"\r\n2\r\n{}{}\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n2\r\n{}\r\n0\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2 in words": START.replace(b"HTTP/1.1", b"HTTP/2.0") + b"content-length: 0\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": START + b"host: b\r\ncontent-length: 2\r\n\r\n{}",
    "two tokens": START + b"authorization: Bearer x\r\ncontent-length: 2\r\n\r\n{}",
    "a space in the target": START.replace(b"churn", b"chu rn") + b"content-length: 2\r\n\r\n{}",
    "an upgrade": START + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 0\r\n\r\n",
    "an upgrade with a body": START
    + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 2\r\n\r\n{}",
    "a tunnel": b"CONNECT churn:80 HTTP/1.1\r\nhost: churn:80\r\n\r\n",
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_it_refuses(house: House, name: str) -> None:
    before = [replica.requests for replica in house.replicas]
    answer = house.ask(MALFORMED[name])

    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert len(re.findall(rb"HTTP/1.1 \d", answer)) == 1
    assert b"connection: close" in answer
    assert [replica.requests for replica in house.replicas] == before
    assert house.alive()


PATHS = (
    b"/serve/a/../churn/invocations",
    b"/serve/churn/../churn/invocations",
    b"/serve/churn/%2e%2e/invocations",
    b"/serve//churn/invocations",
    b"/serve/churn/invocations/",
    b"/serve/churn/invocations%00",
    b"/serve/churn%2finvocations",
    b"/serve/CHURN/invocations",
    b"/serve/churn/v2/models/other/infer",
    b"/invocations",
    b"/v2/models/churn/infer",
    b"//serve/churn/invocations",
    b"http://a/serve/a/../churn/invocations",
    b"*",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_the_whole_path(house: House, path: bytes) -> None:
    before = [replica.requests for replica in house.replicas]
    answer = house.ask(post(path=path, more=CLOSE))
    assert re.match(rb"HTTP/1.1 (404|400) ", answer), answer
    assert [replica.requests for replica in house.replicas] == before


def test_an_absolute_target_is_its_path(house: House) -> None:
    path = b"http://elsewhere.example/serve/churn/invocations?a=b"
    assert house.ask(post(path=path, more=CLOSE)).startswith(b"HTTP/1.1 200 ")


def test_a_model_server_sees_a_request_made_anew(house: House) -> None:
    more = b"x-request-id: anew\r\nx-evil: 1\r\nproxy: x\r\ncookie: a=b\r\nte: trailers\r\nkeep-alive: 9\r\n"
    chunks = (
        b"\r\n3;name=value\r\n{}\n\r\n1\r\n \r\n0\r\nauthorization: Bearer other\r\nx: y\r\n\r\n"
    )
    answer = house.ask(CHUNKED + CLOSE + more + chunks)
    assert answer.startswith(b"HTTP/1.1 200 "), answer

    seen = b"".join(replica.seen() for replica in house.replicas)
    [one] = [each for each in seen.split(b"POST /invocations") if b"x-request-id: anew" in each]
    head, _, body = one.partition(b"\r\n\r\n")
    names = {line.partition(b":")[0] for line in head.split(b"\r\n")[1:]}
    assert names == {b"host", b"content-type", b"content-length", b"x-request-id"}
    assert body == b"{}\n "


def test_heads_are_bounded(house: House) -> None:
    long = START + b"x: " + b"a" * 40_000 + b"\r\ncontent-length: 2\r\n\r\n{}"
    many = START + b"".join(b"x-%d: a\r\n" % n for n in range(200)) + b"\r\n"
    target = b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n"
    for message in (long, many, target):
        assert house.ask(message).startswith(b"HTTP/1.1 431 "), message[:80]


@pytest.mark.parametrize("start", [START + b"x: ", CHUNKED + b"\r\n2\r\n{}\r\n0\r\nx: "])
def test_a_header_without_end_is_cut_off(house: House, start: bytes) -> None:
    """Also in a trailer; the parser alone would collect it all."""
    before = house.rss()
    with house.connect() as client:
        client.sendall(start)
        sent, answer = _pour(client, b"a" * 16_384, most=64 * 1024 * 1024)
        assert sent < 32 * 1024 * 1024
        assert answer.startswith(b"HTTP/1.1 431 "), answer
    assert house.rss() - before < 32 * 1024 * 1024
    assert house.alive()


def test_bodies_are_bounded(house: House) -> None:
    said = START + b"content-length: %d\r\n\r\n" % (MOST_BODY_BYTES + 1)
    assert house.ask(said).startswith(b"HTTP/1.1 413 ")
    with house.connect() as client:
        client.sendall(CHUNKED + b"\r\n")
        chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
        sent, answer = _pour(client, chunk, most=4 * MOST_BODY_BYTES)
        assert answer.startswith(b"HTTP/1.1 413 "), answer
        assert sent < 3 * MOST_BODY_BYTES


def _pour(client: socket.socket, part: bytes, *, most: int) -> tuple[int, bytes]:
    """Send until the other side has had enough; how much that was, and what it said."""
    sent = 0
    client.settimeout(0.01)
    while sent < most:
        with contextlib.suppress(TimeoutError):
            if answer := _tried(client):
                return sent, answer
        client.settimeout(120)
        try:
            client.sendall(part)
        except (ConnectionResetError, BrokenPipeError):
            return sent, _tried(client)
        sent += len(part)
        client.settimeout(0.0005)
    client.settimeout(120)
    return sent, _tried(client)


def _tried(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except ConnectionResetError:
        return b""


def test_a_truncated_body_goes_nowhere(house: House) -> None:
    before = [replica.requests for replica in house.replicas]
    with house.connect() as client:
        client.sendall(START + b"content-length: 100\r\n\r\n{}")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""
    assert [replica.requests for replica in house.replicas] == before


def test_a_flood_of_requests_sent_ahead_is_answered_in_order(house: House) -> None:
    many = 60
    ids = [b"flood-%d" % number for number in range(many)]
    flood = b"".join(post(more=b"x-prediction-id: %b\r\n" % each) for each in ids[:-1])
    flood += post(more=CLOSE + b"x-prediction-id: %b\r\n" % ids[-1])
    answer = house.ask(flood)
    assert re.findall(rb"x-prediction-id: (\S+)", answer) == ids


def test_a_flood_of_refusals_keeps_its_order_too(house: House) -> None:
    gets = b"".join(
        b"GET /nowhere/%d HTTP/1.1\r\nhost: a\r\n%b\r\n" % (n, CLOSE if n == 1999 else b"")
        for n in range(2000)
    )
    found = re.findall(rb"There is no /nowhere/(\d+)", house.ask(gets))
    assert [int(number) for number in found] == list(range(2000))


def test_what_is_malformed_after_a_good_request_is_refused_in_its_turn(house: House) -> None:
    answer = house.ask(post() + b"NONSENSE\r\n\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"400"]


def test_it_asks_for_the_body_only_in_its_turn(house: House) -> None:
    waits = START + CLOSE + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(BODY)
    with house.connect() as client:
        client.sendall(post() + waits)
        answer = b""
        while b"100 Continue" not in answer:
            answer += client.recv(65536)
        client.sendall(BODY)
        answer += read_all(client)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"100", b"200"]


def test_old_clients_and_heads(house: House) -> None:
    old = post().replace(b"HTTP/1.1", b"HTTP/1.0")
    answer = house.ask(old)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer
    kept = old.replace(b"\r\nhost", b"\r\nconnection: keep-alive\r\nhost")
    answer = house.ask(kept + old)
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert b"connection: keep-alive" in answer

    head = b"HEAD /serve/churn/v2/health/ready HTTP/1.1\r\nhost: a\r\nauthorization: Bearer sbx_ours\r\n"
    answer = house.ask(head + CLOSE + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n")
    assert house.ask(head.replace(b"HEAD", b"PUT") + CLOSE + b"\r\n").startswith(b"HTTP/1.1 405 ")


ANSWERS = {
    "garbage": b"garbage\r\n\r\n",
    "less than promised": None,
    "a second length": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "both framings": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n{}",
    "a split header": b"HTTP/1.1 200 OK\r\ncontent-type: a\rset-cookie: b\r\ncontent-length: 2\r\n\r\n{}",
    "bare line feeds": b"HTTP/1.1 200 OK\ncontent-length: 2\n\n{}",
    "an upgrade": b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    "a head without end": b"HTTP/1.1 200 OK\r\nx: " + b"a" * 100_000,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_model_server_that_answers(house: House, name: str) -> None:
    """One that answers nonsense has failed, and the other one answers."""
    bad = house.replicas[0]
    raw = ANSWERS[name]
    bad.tell("close" if raw is None else f"raw {raw.hex()}")
    try:
        for _ in range(6):
            answer = house.ask(post(more=CLOSE))
            assert answer.startswith(b"HTTP/1.1 200 "), answer
            assert b"set-cookie" not in answer
    finally:
        bad.tell("ok")


def test_what_a_model_server_sends_too_much_reaches_nobody(house: House) -> None:
    extra = b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nSTOLEN!"
    raw = b"HTTP/1.1 200 OK\r\nset-cookie: a\r\nserver: x\r\ncontent-length: 2\r\n\r\n{}" + extra
    for replica in house.replicas:
        replica.tell(f"raw {raw.hex()}")
    try:
        answer = house.ask(post() * 5 + post(more=CLOSE))
    finally:
        for replica in house.replicas:
            replica.tell("ok")
    assert answer.count(b"HTTP/1.1 200 ") == 6
    for stolen in (b"STOLEN", b"set-cookie", b"server:"):
        assert stolen not in answer
