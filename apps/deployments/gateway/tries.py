"""One replica that was asked, and what came of it: counted, and noted for its health."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgpack

from apps.deployments.gateway.counts import Counts
from apps.deployments.gateway.messages import Headers, Request
from apps.deployments.gateway.passing import message_to
from apps.deployments.gateway.table import Endpoint, Replica
from apps.deployments.gateway.upstream import Connection
from apps.predictions.journal import Journal

MOST_COPIES = 32  # of one deployment, under way
pack: Callable[[dict[str, object]], bytes] = msgpack.Packer().pack


class Waiting(Protocol):
    """Something that is looked at when its time has come."""

    next_look: float

    def look(self, now: float) -> None: ...


@dataclass(slots=True)
class Desk:
    """What all calls share."""

    journal: Journal
    counts: Counts
    clock: Callable[[], float]
    waiting: set[Waiting]


class Owner(Protocol):
    """Who hears what comes of a try."""

    desk: Desk

    def events(self, attempt: Try, status: int, headers: Headers) -> bool: ...

    def piece(self, attempt: Try, part: bytes) -> None: ...

    def answered(self, attempt: Try, status: int, headers: Headers, body: bytes) -> None: ...

    def failed(self, attempt: Try, reason: str) -> None: ...


class Try:
    """One replica that was asked. Settled once: answered, failed, or dropped."""

    __slots__ = ("connection", "over", "owner", "replica", "started")

    def __init__(self, owner: Owner, replica: Replica, now: float) -> None:
        self.owner, self.replica, self.started = owner, replica, now
        self.connection: Connection | None = None
        self.over = False
        replica.outstanding += 1

    def events(self, status: int, headers: Headers) -> bool:
        return self.owner.events(self, status, headers)

    def piece(self, part: bytes) -> None:
        self.owner.piece(self, part)

    def answered(self, status: int, headers: Headers, body: bytes) -> None:
        self._settle(status)
        self.owner.answered(self, status, headers, body)

    def failed(self, reason: str, *, sent: bool) -> None:
        self._settle(0)
        self.owner.failed(self, reason)

    def drop(self, *, hung: bool) -> None:
        """Nobody waits for it any more; one that hung has failed."""
        if self.over:
            return
        if hung:
            self._settle(0)
        self.over = True
        self.replica.outstanding -= not hung
        if self.connection is not None:
            self.connection.cancel()

    def _settle(self, status: int) -> None:
        """Count what came of it; status 0: nothing."""
        replica, now = self.replica, self.owner.desk.clock()
        seconds = now - self.started
        self.over = True
        replica.outstanding -= 1
        if 0 < status < 500:
            replica.breaker.worked()
            replica.record.note(seconds, failed=False)
        else:
            replica.breaker.failed(now)
            replica.record.note(seconds, failed=True)
        if status:
            replica.count.answered(status, seconds)
        else:
            replica.count.failed()


class Asked:
    """A request whose answer is a prediction, if all goes well."""

    endpoint: Endpoint
    request: Request
    request_id = b""
    prediction_id = b""
    streamed: Try | None = None

    def frame(self, replica: Replica, body: bytes, seconds: float) -> bytes:
        """What `apps.predictions` reads of one answer, as MessagePack."""
        request = self.request
        exchange = {
            **replica.exchange,
            "id": self.prediction_id.decode(),
            "at": time.time(),
            "seconds": seconds,
            "content_type": request.headers.get(b"content-type", b"").decode("latin-1"),
            "asked": request.body,
            "answered": body,
        }
        if self.endpoint.protocol != "mlflow":
            exchange["protocol"] = self.endpoint.protocol
        if self.streamed is not None:
            exchange["stream"] = True
        if replica.count.shadow:
            exchange["shadow"] = True
        return pack(exchange)


class Copy:
    """A request sent to a shadow after its answer has left; the shadow's answer is only logged."""

    __slots__ = ("asked", "attempt", "desk", "next_look")

    def __init__(self, desk: Desk, asked: Asked, replica: Replica) -> None:
        now = desk.clock()
        self.desk, self.asked = desk, asked
        self.next_look = now + asked.endpoint.way.route.timeout_seconds
        self.attempt = Try(self, replica, now)
        asked.endpoint.way.copies += 1
        desk.waiting.add(self)
        message = message_to(replica, asked.endpoint, asked.request, asked.request_id)
        replica.upstream.ask(message, self.attempt)

    def events(self, attempt: Try, status: int, headers: Headers) -> bool:
        return False

    def piece(self, attempt: Try, part: bytes) -> None:
        """Copies are not streamed."""

    def answered(self, attempt: Try, status: int, headers: Headers, body: bytes) -> None:
        self._leave()
        if status == 200:
            seconds = self.desk.clock() - attempt.started
            frame = self.asked.frame(attempt.replica, body, seconds)
            self.desk.journal.append(frame, _whatever)

    def failed(self, attempt: Try, reason: str) -> None:
        self._leave()

    def look(self, now: float) -> None:
        """It took too long."""
        self.attempt.drop(hung=True)
        self._leave()

    def _leave(self) -> None:
        self.desk.waiting.discard(self)
        self.asked.endpoint.way.copies -= 1


def send_copies(desk: Desk, asked: Asked) -> None:
    """Send a copy to each shadow, unless too many are under way."""
    way = asked.endpoint.way
    for replica in way.shadows:
        if way.copies < MOST_COPIES:
            Copy(desk, asked, replica)
        else:
            desk.counts.copies_dropped += 1


def _whatever(error: OSError | None) -> None:
    """Nobody was told of a copy's answer, so nobody misses it where the disk refuses it."""
