from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VersionPromoted:
    """A version became the one of an environment; `previous_id` is the version before it."""

    promotion_id: int
    version_id: int
    environment_id: int
    previous_id: int | None
    approved_by_id: int | None
