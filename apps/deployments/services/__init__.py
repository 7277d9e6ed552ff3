"""The verbs of deployments, by topic."""

from apps.deployments.services.mismatches import (
    adopt_mismatch,
    finish_revert,
    note_mismatches,
    revert_mismatch,
)
from apps.deployments.services.places import create_deployment
from apps.deployments.services.placing import level_replicas
from apps.deployments.services.releases import fail_release, request_release, roll_back
from apps.deployments.services.replicas import DRAIN, note_replica, start_replicas
from apps.deployments.services.traffic import go_live

__all__ = [
    "DRAIN",
    "adopt_mismatch",
    "create_deployment",
    "fail_release",
    "finish_revert",
    "go_live",
    "level_replicas",
    "note_mismatches",
    "note_replica",
    "request_release",
    "revert_mismatch",
    "roll_back",
    "start_replicas",
]
