"""TERM loses no request that was accepted, and too large a request is an answer, not the end."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import threading
from typing import Any

from tests.deployments.server.conftest import Folder
from tests.deployments.server.running import JSON, running
from tests.portal.polling import until

ROW = {"columns": ["age", "income", "debt"], "data": [[1.0, 2.0, 3.0]]}
BODY = json.dumps({"dataframe_split": ROW}).encode()
CLIENTS = 8


class Client(threading.Thread):
    """Asks on one connection until the server closes it; counts what was asked and what was answered."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.answered = 0
        self.lost: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=240)
        connection.connect()
        sock = connection.sock
        while True:
            try:
                connection.request("POST", "/invocations", BODY, {"content-type": JSON})
                answer = connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
                return
            if answer.status != 200:
                self.lost.append(f"{answer.status} {said!r}")
                return
            self.answered += 1
            if connection.sock is not sock:  # it said that it closes: nothing is under way here
                return


def test_term_under_load_loses_nothing(folder: Folder) -> None:
    # A client that is held up is not let go as one that wants no more.
    with running(folder("boost"), "boost", ends=(240, 480)) as server:
        clients = [Client(server.port) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        until(lambda: all(client.answered > 20 for client in clients), what="the load is on")

        server.process.send_signal(signal.SIGTERM)
        for client in clients:
            client.join(240)

        assert [client.lost for client in clients] == [[]] * CLIENTS
        assert server.process.wait(240) == 0


def test_a_connection_on_which_nothing_comes_does_not_hold_it_up(folder: Folder) -> None:
    with (
        running(folder("boost"), "boost", ends=(0.5, 3600)) as server,
        socket.create_connection(("127.0.0.1", server.port)),
    ):
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(240) == 0


def test_too_much_memory_is_an_answer(folder: Folder) -> None:
    def ask(megabytes: int) -> tuple[int, Any]:
        return server.post({"dataframe_records": [{"megabytes": megabytes}]})

    with running(folder("eats"), "eats", "--memory-mb", "2000") as server:
        assert ask(1) == (200, {"predictions": [1.0]})

        status, said = ask(4000)

        assert status == 507
        assert "memory" in said["message"]
        assert ask(1) == (200, {"predictions": [1.0]})
