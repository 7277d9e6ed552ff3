"""The routes in memory: which paths there are, which replicas answer them, and how well they do."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from urllib.parse import quote

from apps.deployments.gateway.counts import Counts
from apps.deployments.gateway.health import Breaker, Outliers, Record
from apps.deployments.gateway.limits import Budget
from apps.deployments.gateway.routes import Route, Target
from apps.deployments.gateway.upstream import Upstream

PATIENCE_TIMES, LEAST_PATIENCE = 5.0, 0.5
MEMORY = 0.05  # weight of the newest answer in the usual time


class Replica:
    """One model server: its connections, its health, its counts."""

    def __init__(self, route: Route, target: Target, counts: Counts, *, shadow: bool) -> None:
        self.target = target
        self.upstream = Upstream(target.host, target.port)
        self.breaker, self.record = Breaker(), Record()
        self.count = counts.of(
            target.release_id, deployment=route.slug, version=target.version, shadow=shadow
        )
        self.outstanding = 0
        self.left_out_until, self.times_left_out = 0.0, 0
        self.version = quote(target.version, safe="").encode()
        self.served = b"x-served-version: %b\r\n" % self.version
        self.host = b"host: %b:%d\r\n" % (target.host.encode(), target.port)
        self.exchange = {
            "deployment": route.deployment_id,
            "project": route.project_id,
            "release": target.release_id,
            "version": target.version,
        }

    def allowed(self, now: float) -> bool:
        """Whether it is in good standing."""
        return now >= self.left_out_until and self.breaker.allows(now)


@dataclass(slots=True)
class _Group:
    """The replicas of one release, which share its traffic evenly."""

    version: str
    weight: float
    replicas: list[Replica]

    def pick(self, now: float, tried: set[Replica]) -> Replica | None:
        """The less busy of two that are in good standing."""
        if len(self.replicas) == 1 and not tried:
            only = self.replicas[0]
            return only if only.allowed(now) else None
        able = [each for each in self.replicas if each not in tried and each.allowed(now)]
        return _less_busy(able) if able else None


class Way:
    """One deployment: its route, its replicas by release, and its shadows."""

    def __init__(self, route: Route) -> None:
        self.groups: list[_Group] = []
        self.heights: list[float] = []
        self.shadows: list[Replica] = []
        self.count = 0  # of replicas
        self.copies = 0  # under way
        self.budget, self.outliers = Budget(), Outliers()
        self.usual = 0.0  # seconds until an answer
        self.route = route

    def take(self, route: Route, replicas: list[Replica], shadows: list[Replica]) -> None:
        """Take a new state of the route."""
        self.route, self.shadows = route, shadows
        groups: dict[int, _Group] = {}
        for replica in replicas:
            target = replica.target
            group = groups.setdefault(target.release_id, _Group(target.version, 0.0, []))
            group.weight += target.weight
            group.replicas.append(replica)
        self.groups = list(groups.values())
        self.count = len(replicas)
        self.heights = list(accumulate(group.weight for group in self.groups))

    @property
    def versions(self) -> set[str]:
        return {group.version for group in self.groups}

    def pick(self, now: float, tried: set[Replica], version: str | None = None) -> Replica | None:
        """Who is to be asked: a release by weight, then one of its replicas; `None`: nobody is left.

        Where nobody is in good standing, whoever was not asked yet.
        """
        for group in self._in_turn(version):
            if (replica := group.pick(now, tried)) is not None:
                return replica
        rest = [r for g in self._in_turn(version) for r in g.replicas if r not in tried]
        return _less_busy(rest) if rest else None

    def _in_turn(self, version: str | None) -> list[_Group]:
        """The releases to ask: the first chosen by weight, those with none only where they are named."""
        if version is not None:
            return [group for group in self.groups if group.version == version]
        if len(self.groups) == 1:
            return self.groups
        if not self.heights or not self.heights[-1]:
            return []
        throw = random.random() * self.heights[-1]  # noqa: S311  traffic, not secrets
        first = self.groups[min(bisect(self.heights, throw), len(self.groups) - 1)]
        return [first, *(g for g in self.groups if g is not first and g.weight)]

    def is_ready(self, now: float) -> bool:
        """Whether a replica is in good standing."""
        return any(
            not replica.breaker.is_open and now >= replica.left_out_until
            for group in self.groups
            for replica in group.replicas
        )

    def patience(self) -> float:
        """Seconds after which another replica is asked, too."""
        wanted = max(self.usual * PATIENCE_TIMES, LEAST_PATIENCE)
        return min(wanted, self.route.timeout_seconds / 2)

    def took(self, seconds: float) -> None:
        """Remember how long answers take."""
        self.usual += (seconds - self.usual) * (MEMORY if self.usual else 1.0)

    def leave_out(self, now: float) -> None:
        """Compare the replicas of each release, and leave the worst out for a while."""
        for group in self.groups:
            records = [replica.record for replica in group.replicas]
            worst = self.outliers.among(records) if len(records) > 1 else []
            for place, replica in enumerate(group.replicas):
                if place in worst:
                    replica.times_left_out = min(replica.times_left_out + 1, 12)
                    pause = self.outliers.seconds * replica.times_left_out
                    replica.left_out_until = now + pause
                elif replica.record.requests >= self.outliers.least_requests:
                    replica.times_left_out = 0
                replica.record.clear()


def _less_busy(replicas: list[Replica]) -> Replica:
    """Of two chosen by chance the one with fewer requests under way."""
    if len(replicas) == 1:
        return replicas[0]
    one, other = random.sample(replicas, 2)
    return one if one.outstanding <= other.outstanding else other


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path of one deployment, and what it is for the model server."""

    way: Way
    method: bytes
    path: bytes  # of the model server
    logged: bool = True
    version: str | None = None
    protocol: str = "mlflow"


class Table:
    """All deployments by path. Paths are known whole: nothing is ever resolved."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.ways: dict[str, Way] = {}
        self.paths: dict[bytes, Endpoint] = {}
        self.replicas: dict[tuple[object, ...], Replica] = {}

    def replace(self, routes: Iterable[Route]) -> None:
        """Take a new set of routes; what is known of replicas that stay is kept."""
        before, self.replicas = self.replicas, {}
        ways: dict[str, Way] = {}
        for route in routes:
            way = self.ways.get(route.slug) or Way(route)
            replicas = [self._replica(route, target, before) for target in route.targets]
            shadows = [self._replica(route, t, before, shadow=True) for t in route.shadows]
            way.take(route, replicas, shadows)
            ways[route.slug] = way
        for key in before.keys() - self.replicas.keys():
            before[key].upstream.close()
        self.ways = ways
        self.paths = {path: point for way in ways.values() for path, point in _endpoints(way)}

    def _replica(
        self,
        route: Route,
        target: Target,
        before: dict[tuple[object, ...], Replica],
        *,
        shadow: bool = False,
    ) -> Replica:
        key = (target.release_id, target.replica_id, target.host, target.port, shadow)
        replica = before.get(key) or Replica(route, target, self.counts, shadow=shadow)
        replica.target = target
        self.replicas[key] = replica
        return replica

    def leave_out(self, now: float) -> None:
        """Look at the health of all."""
        for way in self.ways.values():
            way.leave_out(now)


def _endpoints(way: Way) -> Iterator[tuple[bytes, Endpoint]]:
    base = f"/serve/{way.route.slug}".encode()
    yield base + b"/invocations", Endpoint(way, b"POST", b"/invocations")
    yield base + b"/v2/health/ready", Endpoint(way, b"GET", b"", logged=False)
    model = b"/v2/models/" + quote(way.route.model, safe="").encode()
    yield from _of_model(way, base, model, None)
    for version in way.versions:
        place = b"/versions/" + quote(version, safe="").encode()
        yield from _of_model(way, base + model + place, model, version)


def _of_model(
    way: Way, base: bytes, model: bytes, version: str | None
) -> Iterator[tuple[bytes, Endpoint]]:
    place = base + model if version is None else base
    infer = Endpoint(way, b"POST", model + b"/infer", version=version, protocol="v2")
    yield place + b"/infer", infer
    for end in (b"", b"/ready"):
        yield place + end, Endpoint(way, b"GET", model + end, logged=False, version=version)
