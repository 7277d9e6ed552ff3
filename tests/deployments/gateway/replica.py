"""A model server for tests, as a process of its own: it scores at once, or misbehaves as it is told.

Started with a port; commands come as lines on stdin, each is confirmed by a line on stdout.
"""

from __future__ import annotations

import asyncio
import sys
import threading

import httptools
import uvloop

ANSWER = b'{"predictions":[%d]}'
EVENTS = [b"data: one\n\n", b"data: two\n\n", b"data: three\n\n"]


class State:
    mode = "ok"
    seconds = 0.0
    raw = b""
    number = 0
    seen: list[bytes] = []
    requests = 0
    release = asyncio.Event


class Server(asyncio.Protocol):
    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.url, self.body, self.raw = b"", b"", b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.raw += data
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_body(self, part: bytes) -> None:
        self.body += part

    def on_message_complete(self) -> None:
        State.requests += 1
        State.seen.append(self.raw)
        del State.seen[:-50]
        body, url = self.body, self.url
        self.url, self.body, self.raw = b"", b"", b""
        loop = asyncio.get_running_loop()
        mode = State.mode
        if mode == "slow":
            loop.call_later(State.seconds, self.answer, body, url, "ok")
        elif mode != "hang":
            self.answer(body, url, mode)

    def answer(self, body: bytes, url: bytes, mode: str) -> None:
        if self.transport.is_closing():
            return
        if mode == "events":
            asyncio.get_running_loop().create_task(self.stream())
        elif mode == "raw":
            self.transport.write(State.raw)
        elif mode == "close":
            self.transport.close()
        elif mode == "echo":
            self.send(200, body)
        else:
            status = 200 if mode == "ok" else int(mode)
            self.send(status, ANSWER % State.number)

    def send(self, status: int, body: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (status, len(body), body)
        )

    async def stream(self) -> None:
        """Each part only once the one before was confirmed on stdin."""
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        for part in EVENTS:
            self.transport.write(b"%x\r\n%b\r\n" % (len(part), part))
            await TURN.get()
        self.transport.write(b"0\r\n\r\n")


TURN: asyncio.Queue[None]


def command(line: str) -> str:
    word, _, rest = line.strip().partition(" ")
    if word == "raw" and rest:
        State.raw = bytes.fromhex(rest)
    if word == "slow":
        State.seconds = float(rest)
    if word == "next":
        TURN.put_nowait(None)
    elif word == "seen":
        return b"".join(State.seen).hex() or "-"
    elif word == "count":
        return str(State.requests)
    elif word:
        State.mode = word
    return "done"


def listen_to_stdin(loop: asyncio.AbstractEventLoop) -> None:
    def reply(line: str) -> None:
        print(command(line), flush=True)

    for line in sys.stdin:
        loop.call_soon_threadsafe(reply, line)
    loop.call_soon_threadsafe(loop.stop)


async def main(port: int, number: int) -> None:
    global TURN
    TURN = asyncio.Queue()
    State.number = number
    loop = asyncio.get_running_loop()
    await loop.create_server(Server, "127.0.0.1", port, backlog=1024)
    threading.Thread(target=listen_to_stdin, args=[loop], daemon=True).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
    except RuntimeError:
        sys.exit(0)  # stdin ended: so did the test
