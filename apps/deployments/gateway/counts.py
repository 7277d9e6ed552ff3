"""What one gateway process counts, as plain numbers: exported when somebody asks."""

from __future__ import annotations

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
