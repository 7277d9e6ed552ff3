"""How long to wait before a process that died is started again."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Doubles with each early death, and forgets after a life that was long enough."""

    first: float = 0.5
    most: float = 30.0
    calm: float = 60.0
    deaths: int = 0

    def pause(self, *, lasted: float) -> float:
        """The seconds to wait after a life that lasted so long."""
        if lasted >= self.calm:
            self.deaths = 0
        wait = min(self.most, self.first * 2.0 ** min(self.deaths, 20))
        self.deaths += 1
        # Not all at once: what fell together would otherwise come back together.
        return wait * random.uniform(0.75, 1.25)  # noqa: S311
