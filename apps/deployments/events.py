from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReleaseWentLive:
    release_id: int


@dataclass(frozen=True, slots=True)
class ReleaseFailed:
    release_id: int


@dataclass(frozen=True, slots=True)
class MismatchFound:
    mismatch_id: int


@dataclass(frozen=True, slots=True)
class MismatchEnded:
    mismatch_id: int
