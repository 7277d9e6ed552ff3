"""Clients that ask without a pause, and remember every answer."""

from __future__ import annotations

import http.client
import itertools
import threading
from collections.abc import Callable
from types import TracebackType

from tests.deployments.gateway.house import TOKEN, House
from tests.portal.polling import until

NUMBERS = itertools.count(1)
BODY = b'{"instances":[[1]]}'


class Load:
    """Some clients on kept connections; each request has an id of its own."""

    def __init__(self, house: House, clients: int = 4) -> None:
        self.house = house
        self.name = f"load{next(NUMBERS)}"
        self.answered: list[str] = []
        self.versions: list[str] = []
        self.failed: list[str] = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._ask, args=[n]) for n in range(clients)]

    def __enter__(self) -> Load:
        for thread in self.threads:
            thread.start()
        self.more(8)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(240)

    def more(self, count: int, holds: Callable[[], bool] = lambda: True) -> None:
        """Wait for so many more answers, and until something holds."""
        wanted = len(self.answered) + count
        until(
            lambda: self.failed or (len(self.answered) >= wanted and holds()),
            what=lambda: f"{len(self.answered)} of {wanted} answers",
        )
        assert not self.failed, self.failed

    def _ask(self, client: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=240)
        number = 0
        while not self.stopping.is_set():
            number += 1
            name = f"{self.name}-{client}-{number}"
            headers = {"Authorization": f"Bearer {TOKEN}", "X-Prediction-Id": name}
            try:
                connection.request("POST", "/serve/churn/invocations", BODY, headers)
                answer = connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(f"{name}: {error!r}")
                connection.close()
                continue
            if answer.status == 200:
                self.answered.append(name)
                self.versions.append(answer.headers["x-served-version"])
            else:
                self.failed.append(f"{name}: {answer.status} {said!r}")
        connection.close()

    def check(self) -> None:
        """Nothing failed, and what was answered is in the log, once each."""
        assert not self.failed, self.failed[:5]
        logged = [each["id"] for each in self.house.logged()]
        mine = [each for each in logged if each.startswith(f"{self.name}-")]
        assert len(mine) == len(set(mine))
        assert set(mine) == set(self.answered)
