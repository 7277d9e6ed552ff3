from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from apps.deployments.gateway.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Target:
    """One running model server and its share of the traffic."""

    release_id: int
    version: str
    host: str
    port: int
    weight: float = 1.0
    replica_id: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """Where the requests of one deployment go."""

    slug: str
    deployment_id: int
    project_id: int
    targets: tuple[Target, ...]
    # Get copies, whose answers nobody reads.
    shadows: tuple[Target, ...] = ()
    timeout_seconds: float = 30.0
    requests_per_second: float = 0.0  # of one caller; 0: no limit
    model: str = ""

    def order(self) -> list[Target]:
        """The targets to try, the first chosen by weight."""
        rest = list(self.targets)
        chosen: list[Target] = []
        while rest:
            weights = [target.weight or 1e-9 for target in rest]
            pick = random.choices(range(len(rest)), weights)[0]  # noqa: S311  traffic, not secrets
            chosen.append(rest.pop(pick))
        return chosen


class Table:
    """The routes in memory, and one connection pool per model server."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.upstreams: dict[tuple[str, int], Upstream] = {}

    def replace(self, routes: Iterable[Route]) -> None:
        """Take a new set of routes; pools of servers that are gone are dropped."""
        self.routes = {route.slug: route for route in routes}
        wanted = {(t.host, t.port) for route in self.routes.values() for t in route.targets}
        for address in self.upstreams.keys() - wanted:
            self.upstreams.pop(address).close()

    def upstream(self, target: Target) -> Upstream:
        """The pool of one target."""
        address = (target.host, target.port)
        if address not in self.upstreams:
            self.upstreams[address] = Upstream(*address)
        return self.upstreams[address]
