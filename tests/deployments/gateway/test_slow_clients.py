"""Clients that take their time, on a clock that is moved by hand: each holds a connection, for so long."""

from __future__ import annotations

import asyncio

from apps.deployments.gateway import wire
from apps.deployments.gateway.messages import Request, Response
from apps.deployments.gateway.wire import Client, Room

HEAD = b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n"


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written, self.closed, self.paused = b"", False, False

    def write(self, data: bytes) -> None:
        self.written += data

    def write_eof(self) -> None:
        self.written += b"<eof>"

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class Listener:
    def __init__(self) -> None:
        self.heard: list[Request] = []

    def request(self, request: Request, client: Client) -> None:
        self.heard.append(request)


class Table:
    """One client at a hand-driven clock."""

    def __init__(self) -> None:
        self.now, self.listener, self.transport = 100.0, Listener(), Transport()
        self.room = Room(self.listener, lambda: self.now)
        self.client = Client(self.room)
        self.client.connection_made(self.transport)  # type: ignore[arg-type]

    def send(self, data: bytes, after: float = 0.0) -> None:
        self.now += after
        self.client.look(self.now)
        self.client.data_received(data)

    def answer(self) -> None:
        request = self.client.current
        assert request
        self.client.answer(Response(200).encode(request))


def test_a_head_that_drips_is_cut_off() -> None:
    table = Table()
    for byte in HEAD:
        table.send(bytes([byte]), after=1)
    assert table.transport.written.startswith(b"HTTP/1.1 408 ")
    assert not table.listener.heard
    table.client.look(table.now + wire.LINGER_SECONDS)
    assert table.transport.closed


def test_a_body_that_drips_is_cut_off() -> None:
    table = Table()
    table.send(HEAD + b"\r\n")
    for _ in range(4):
        table.send(b"a", after=wire.READ_SECONDS / 3)
    assert table.transport.written.startswith(b"HTTP/1.1 408 ")
    assert not table.listener.heard
    assert table.room.held == 0


def test_silence_is_not_kept() -> None:
    table = Table()
    table.client.look(table.now + wire.READ_SECONDS)
    assert table.transport.closed
    assert not table.transport.written


def test_an_idle_connection_is_kept_for_a_while() -> None:
    table = Table()
    table.send(HEAD + b"\r\nabcde")
    table.answer()
    table.client.look(table.now + wire.IDLE_SECONDS - 1)
    assert not table.transport.closed
    table.client.look(table.now + wire.IDLE_SECONDS)
    assert table.transport.closed


def test_who_waits_for_an_answer_is_not_idle() -> None:
    table = Table()
    table.send(HEAD + b"\r\nabcde")
    table.client.look(table.now + 1000)
    assert not table.transport.closed


def test_who_does_not_read_is_let_go() -> None:
    table = Table()
    table.send(HEAD + b"\r\nabcde")
    table.answer()
    table.client.pause_writing()
    table.client.look(table.now + wire.WRITE_SECONDS - 1)
    assert not table.transport.closed
    table.client.look(table.now + wire.WRITE_SECONDS)
    assert table.transport.closed


def test_nothing_is_answered_to_who_does_not_read() -> None:
    table = Table()
    table.client.pause_writing()
    table.send((HEAD + b"\r\nabcde") * 3)
    assert not table.listener.heard
    table.client.resume_writing()
    assert len(table.listener.heard) == 1


def test_reading_rests_while_requests_wait() -> None:
    table = Table()
    table.send((HEAD + b"\r\nabcde") * 2)
    table.send(HEAD)
    assert table.transport.paused
    assert table.room.held == 10


def test_what_is_held_is_let_go() -> None:
    async def check() -> None:
        table = Table()
        table.send((HEAD + b"\r\nabcde") * 3)
        for left in (10, 5, 0):
            table.answer()
            assert table.room.held == left
            await asyncio.sleep(0)
        table.send(HEAD + b"\r\nab")
        assert table.room.held == 2
        table.client.connection_lost(None)
        assert table.room.held == 0
        assert not table.room.clients

    asyncio.run(check())


def test_while_it_drains_each_is_told_to_close() -> None:
    table = Table()
    table.room.draining = True
    table.send(HEAD + b"\r\nabcde")
    table.answer()
    assert b"connection: close" in table.transport.written
    assert table.transport.closed


def test_too_many_bodies_at_once_are_refused() -> None:
    table = Table()
    table.room.held = wire.MOST_HELD_BYTES
    table.send(HEAD + b"\r\nabcde")
    assert table.transport.written.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after" in table.transport.written
    assert table.room.held == wire.MOST_HELD_BYTES
