from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

logger = logging.getLogger(__name__)

May = Callable[[str, int], bool]
Told = Callable[[bool | None], None]
Key = tuple[bytes, int]

REMEMBER_SECONDS = 4.0
ASK_AGAIN_SECONDS = 2.0
# With the database away nobody can take a right back; what was allowed stays so for a while.
WITHOUT_DATABASE_SECONDS = 900.0
MOST_REMEMBERED = 10_000
MOST_ASKED = 256
THREADS = 2


@dataclass(slots=True)
class _Known:
    allowed: bool
    at: float
    until: float


class Callers:
    """Remembers for a few seconds who may call what, so that a request costs no query.

    A revoked token or a lost role therefore works for at most `REMEMBER_SECONDS` more. Who goes on
    calling is asked about in the background, before that time is over.
    """

    def __init__(
        self,
        may: May,
        troubles: tuple[type[Exception], ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.may, self.troubles, self.clock = may, troubles, clock
        self.known: OrderedDict[Key, _Known] = OrderedDict()
        self.asked: dict[Key, list[Told]] = {}
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="callers")
        self.tasks: set[asyncio.Task[None]] = set()

    def allowed(self, token: bytes, project_id: int) -> bool | None:
        """Whether the bearer of `token` may call deployments of the project; `None`: ask."""
        key = (digest(token), project_id)
        if (known := self.known.get(key)) is None:
            return None
        now = self.clock()
        if now >= known.until:
            return None
        if now >= known.at + ASK_AGAIN_SECONDS and key not in self.asked:
            self.ask(token, project_id, _nobody)
        return known.allowed

    def ask(self, token: bytes, project_id: int, told: Told) -> None:
        """Ask the portal and tell; `None` where it cannot be asked."""
        key = (digest(token), project_id)
        if key in self.asked:
            self.asked[key].append(told)
        elif len(self.asked) >= MOST_ASKED:
            told(None)
        else:
            self.asked[key] = [told]
            task = asyncio.get_running_loop().create_task(self._ask(key, token))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _ask(self, key: Key, token: bytes) -> None:
        loop, answer = asyncio.get_running_loop(), None
        try:
            answer = await loop.run_in_executor(self.threads, self.may, token.decode(), key[1])
        except UnicodeDecodeError:
            answer = False  # no token of ours
        except self.troubles as error:
            logger.warning("Nobody can be asked who may call: %s", error)
        finally:
            waiting = self.asked.pop(key)
        answer = self._remember(key, answer)
        for told in waiting:
            told(answer)

    def _remember(self, key: Key, answer: bool | None) -> bool | None:
        now = self.clock()
        if answer is not None:
            self.known[key] = _Known(answer, now, now + REMEMBER_SECONDS)
            self.known.move_to_end(key)
            if len(self.known) > MOST_REMEMBERED:
                self.known.popitem(last=False)
            return answer
        before = self.known.get(key)
        if before is None or not before.allowed or now > before.at + WITHOUT_DATABASE_SECONDS:
            return None
        before.until = now + REMEMBER_SECONDS
        return True


def digest(token: bytes) -> bytes:
    """What is kept of a token in memory."""
    return hashlib.blake2b(token, digest_size=32).digest()


def _nobody(answer: bool | None) -> None:
    """The answer is remembered; nobody waits for it."""
