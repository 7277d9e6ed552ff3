"""What one gateway process counts, as plain numbers: exported every few seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from apps.deployments.gateway import buckets


@dataclass(slots=True)
class Count:
    """What one release did since the last stretch was written."""

    release_id: int
    shadow: bool = False
    requests: int = 0
    failures: int = 0
    refusals: int = 0
    seconds: list[int] = field(default_factory=buckets.empty)
    deployment: str = ""
    version: str = ""
    total_seconds: float = 0.0

    def answered(self, status: int, seconds: float) -> None:
        """Count one answer by its status and its time."""
        self.requests += 1
        self.total_seconds += seconds
        self.seconds[buckets.bucket(seconds)] += 1
        if status >= 500:
            self.failures += 1
        elif status >= 400:
            self.refusals += 1

    def failed(self) -> None:
        """Count one call without an answer."""
        self.requests += 1
        self.failures += 1


class Counts:
    """One count for each release, and the refusals of the gateway itself."""

    def __init__(self) -> None:
        self.by_release: dict[tuple[int, bool], Count] = {}
        self.refused: Counter[str] = Counter()
        self.second_tries = 0
        self.copies_dropped = 0

    def of(self, release_id: int, *, deployment: str, version: str, shadow: bool = False) -> Count:
        """Where the answers of a release are counted, from now to `take`."""
        key = (release_id, shadow)
        if key not in self.by_release:
            self.by_release[key] = Count(release_id, shadow, deployment=deployment, version=version)
        return self.by_release[key]

    def take(self) -> list[Count]:
        """What was counted since the last time; counting begins anew."""
        return [_moved(count) for count in self.by_release.values() if count.requests]


def _moved(count: Count) -> Count:
    """A copy of what was counted; the original, which replicas hold, is empty afterwards."""
    copy = Count(
        count.release_id, count.shadow, count.requests, count.failures, count.refusals,
        count.seconds, count.deployment, count.version, count.total_seconds,
    )  # fmt: skip
    count.requests = count.failures = count.refusals = 0
    count.seconds, count.total_seconds = buckets.empty(), 0.0
    return copy


def merged(counts: Iterable[Count]) -> list[Count]:
    """Counts of several moments, one for each release."""
    total: dict[tuple[int, bool], Count] = {}
    for count in counts:
        key = (count.release_id, count.shadow)
        if (have := total.get(key)) is None:
            total[key] = count
            continue
        have.requests += count.requests
        have.failures += count.failures
        have.refusals += count.refusals
        have.total_seconds += count.total_seconds
        have.seconds = buckets.added((have.seconds, count.seconds))
    return list(total.values())
