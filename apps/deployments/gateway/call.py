"""One request on its way: asked of a replica, of another one where that is needed, logged, answered.

Scoring reads and changes nothing, so it may be repeated: after a failure at once, after a long silence
beside the first try. Second tries are paid from a budget. Only the answer that the client gets is logged.
"""

from __future__ import annotations

from apps.deployments.gateway.messages import Headers, Request, Response, ending
from apps.deployments.gateway.passing import answer_back, away, lines_back, message_to
from apps.deployments.gateway.table import Endpoint, Replica
from apps.deployments.gateway.tries import Asked, Desk, Try, send_copies
from apps.deployments.gateway.wire import Client

MOST_TRIES = 3
MOST_LOGGED_STREAM = 1024 * 1024
BROKEN = frozenset({500, 502, 503, 504, 507, 508})  # of a replica; another one may do better


class Call(Asked):
    """One request, from the client's last byte to the answer's."""

    version: str | None = None  # the one that alone may answer
    last: Response | None = None  # what the client gets if nothing better comes
    winner: tuple[Try, Headers, bytes] | None = None
    streamed: Try | None = None

    def __init__(self, desk: Desk, endpoint: Endpoint, request: Request, client: Client) -> None:
        self.desk, self.endpoint, self.request, self.client = desk, endpoint, request, client
        self.started = desk.clock()
        self.deadline = self.next_look = self.started + endpoint.way.route.timeout_seconds
        self.tries: list[Try] = []

    def begin(self) -> None:
        """Ask the first replica."""
        self.desk.waiting.add(self)
        self.endpoint.way.budget.earn()
        if not self._ask_next(self.started):
            self._end(away(503, "No model server of this deployment is ready."))

    def _ask_next(self, now: float) -> bool:
        endpoint, tries = self.endpoint, self.tries
        way = endpoint.way
        replica = way.pick(
            now, {each.replica for each in tries} if tries else _NOBODY, self.version
        )
        if replica is None:
            return False
        attempt = Try(self, replica, now)
        tries.append(attempt)
        if way.count > len(tries) and len(tries) < MOST_TRIES:
            self.next_look = min(now + way.patience(), self.deadline)
        else:
            self.next_look = self.deadline
        replica.upstream.ask(message_to(replica, endpoint, self.request, self.request_id), attempt)
        return True

    def _ask_again(self, now: float) -> bool:
        """Ask another replica, where one is left and the budget allows it."""
        way = self.endpoint.way
        if len(self.tries) >= min(MOST_TRIES, way.count) or now >= self.deadline:
            return False
        if not way.budget.spend():
            return False
        self.desk.counts.second_tries += 1
        return self._ask_next(now)

    def look(self, now: float) -> None:
        """It has waited for long: ask another replica beside, or give up."""
        if self.winner is not None:
            self.next_look = now + 1  # the disk is slow
        elif self.streamed is not None:
            self.streamed.drop(hung=True)
            self._leave()
            self.client.abort()
        elif now < self.deadline:
            self.next_look = self.deadline
            self._ask_again(now)
        else:
            for attempt in self.tries:
                attempt.drop(hung=True)
            seconds = self.endpoint.way.route.timeout_seconds
            self._end(self.last or away(504, f"The model server did not answer in {seconds:g} s."))

    # What its tries hear.

    def events(self, attempt: Try, status: int, headers: Headers) -> bool:
        """A stream begins: it is the answer that the client gets, piece by piece."""
        if status != 200 or not self.endpoint.logged:
            return False
        self.streamed = attempt
        self.kept: list[bytes] = []  # for the log
        self._drop_others(attempt)
        self.client.begin(200, self._lines(attempt.replica, headers))
        return True

    def piece(self, attempt: Try, part: bytes) -> None:
        """A part of a stream."""
        self.next_look = self.desk.clock() + self.endpoint.way.route.timeout_seconds
        if sum(map(len, self.kept)) < MOST_LOGGED_STREAM:
            self.kept.append(part)
        self.client.piece(part)

    def flow(self, *, paused: bool) -> None:
        """The client reads too slowly, or reads again: so does the gateway."""
        connection = self.streamed.connection if self.streamed is not None else None
        if connection is not None and connection.transport is not None:
            turn = (
                connection.transport.pause_reading
                if paused
                else connection.transport.resume_reading
            )
            turn()
            self.next_look = self.desk.clock() + self.endpoint.way.route.timeout_seconds

    def answered(self, attempt: Try, status: int, headers: Headers, body: bytes) -> None:
        """A whole answer: log it and pass it on, unless another replica may do better."""
        if attempt is self.streamed:
            body = b"".join(self.kept)[:MOST_LOGGED_STREAM]
        elif status in BROKEN:
            self.last = answer_back(attempt.replica, status, headers, body)
            self._go_on()
            return
        if len(self.tries) > 1:
            self._drop_others(attempt)
        self.endpoint.way.took(self.desk.clock() - attempt.started)
        if status != 200 or not self.endpoint.logged:
            self._end(answer_back(attempt.replica, status, headers, body))
            return
        self.winner = (attempt, headers, body)
        frame = self.frame(attempt.replica, body, self.desk.clock() - self.started)
        self.desk.journal.append(frame, self.logged)

    def failed(self, attempt: Try, reason: str) -> None:
        """No answer: another replica may do better."""
        if attempt is self.streamed:
            self._leave()
            self.client.abort()
            return
        if self.last is None:
            self.last = away(502, f"The model server failed: {reason}.")
        self._go_on()

    def _go_on(self) -> None:
        if self._ask_again(self.desk.clock()) or any(not each.over for each in self.tries):
            return
        self._end(self.last or away(502, "The model server failed."))

    def _drop_others(self, winner: Try) -> None:
        for each in self.tries:
            if each is not winner:
                # One asked before it had its time, and more; one asked after it had not.
                each.drop(hung=each.started < winner.started)

    # Answering.

    def logged(self, error: OSError | None) -> None:
        """A prediction leaves only once it is on disk; a stream has left already."""
        assert self.winner is not None
        attempt, headers, body = self.winner
        if self.streamed is not None:
            self._leave()
            self.client.end()
        elif error is not None:
            self._end(away(503, "The prediction could not be logged; the disk refuses it."))
            return
        else:
            self._leave()
            self.client.answer(self._encoded(attempt.replica, headers, body))
        if self.endpoint.way.shadows:
            send_copies(self.desk, self)

    def _encoded(self, replica: Replica, headers: Headers, body: bytes) -> bytes:
        request = self.request
        plain = request.keep_alive and not request.old
        return b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n%b%b" % (
            self._lines(replica, headers),
            len(body),
            b"\r\n" if plain else ending(keep_alive=request.keep_alive, old=request.old),
            body,
        )

    def _lines(self, replica: Replica, headers: Headers) -> bytes:
        return b"%bx-prediction-id: %b\r\nx-request-id: %b\r\n" % (
            lines_back(replica, headers),
            self.prediction_id,
            self.request_id,
        )

    def _end(self, response: Response) -> None:
        """Answer without a prediction."""
        self._leave()
        response.headers.append((b"x-request-id", self.request_id))
        self.client.answer(response.encode(self.request))

    def _leave(self) -> None:
        self.desk.waiting.discard(self)
        # A try knows its call: without this, each would be left to the garbage collector.
        self.tries, self.winner = [], None


_NOBODY: set[Replica] = set()
