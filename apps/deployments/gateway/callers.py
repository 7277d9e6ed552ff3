from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable

May = Callable[[str, int], bool]

REMEMBER_SECONDS = 5.0
MOST_REMEMBERED = 10_000


class Callers:
    """Remembers for a few seconds who may call what, so that a request costs no query.

    A revoked token or a lost role therefore works for at most `REMEMBER_SECONDS` more.
    """

    def __init__(self, may: May) -> None:
        self.may = may
        self.known: OrderedDict[tuple[bytes, int], tuple[float, bool]] = OrderedDict()

    async def allowed(self, token: str, project_id: int) -> bool:
        """Whether the bearer of `token` may call deployments of the project."""
        key = (hashlib.sha256(token.encode()).digest(), project_id)
        until, answer = self.known.get(key, (0.0, False))
        if time.monotonic() < until:
            return answer
        answer = await asyncio.to_thread(self.may, token, project_id)
        self.known[key] = (time.monotonic() + REMEMBER_SECONDS, answer)
        self.known.move_to_end(key)
        while len(self.known) > MOST_REMEMBERED:
            self.known.popitem(last=False)
        return answer
