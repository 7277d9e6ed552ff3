from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReleaseWentLive:
    release_id: int


@dataclass(frozen=True, slots=True)
class ReleaseFailed:
    release_id: int


@dataclass(frozen=True, slots=True)
class DeploymentConfigured:
    """Another configuration is in force; `at_once` names what holds without a release."""

    deployment_id: int
    at_once: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReleaseRolledBack:
    """The judge found a release bad and took its traffic away."""

    release_id: int


@dataclass(frozen=True, slots=True)
class ReleaseAborted:
    release_id: int


@dataclass(frozen=True, slots=True)
class MismatchFound:
    mismatch_id: int


@dataclass(frozen=True, slots=True)
class MismatchEnded:
    mismatch_id: int
