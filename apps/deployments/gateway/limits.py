"""How often one caller may ask one deployment, and how often the gateway may ask again."""

from __future__ import annotations

from collections import OrderedDict

MOST_REMEMBERED = 10_000


class Rates:
    """A token bucket for each key; it holds what one second gives, and at least one request."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self.most = most
        self.buckets: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def wait(self, key: object, rate: float, now: float) -> float:
        """Take one request; answers 0, or the seconds until one may be taken."""
        size = max(rate, 1.0)
        left, at = self.buckets.get(key, (size, now))
        left = min(size, left + (now - at) * rate)
        taken = left >= 1.0
        self.buckets[key] = (left - taken, now)
        self.buckets.move_to_end(key)
        if len(self.buckets) > self.most:
            self.buckets.popitem(last=False)
        return 0.0 if taken else (1.0 - left) / rate


class Budget:
    """Second tries: a share of the requests, so that they never multiply a load that is too high."""

    def __init__(self, share: float = 0.2, most: float = 500.0) -> None:
        self.share, self.most, self.left = share, most, most

    def earn(self) -> None:
        """A request came."""
        if self.left < self.most:
            self.left += self.share

    def spend(self) -> bool:
        """Whether a second try may be made; it is then paid for."""
        if self.left < 1.0:
            return False
        self.left -= 1.0
        return True
