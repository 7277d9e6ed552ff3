"""Where requests go, as the portal says it: plain data, replaced as a whole."""

from __future__ import annotations

from dataclasses import dataclass


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
