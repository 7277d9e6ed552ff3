"""The verbs of deployments, by topic."""

from apps.deployments.services.configuring import configure, restore, scale
from apps.deployments.services.places import (
    create_deployment,
    reinstate_deployment,
    retire_deployment,
)
from apps.deployments.services.releases import fail_release, request_release, roll_back
from apps.deployments.services.replicas import DRAIN, note_replica, start_replicas
from apps.deployments.services.scaling import restart
from apps.deployments.services.traffic import go_live

__all__ = [
    "DRAIN",
    "configure",
    "create_deployment",
    "fail_release",
    "go_live",
    "note_replica",
    "reinstate_deployment",
    "request_release",
    "restart",
    "restore",
    "retire_deployment",
    "roll_back",
    "scale",
    "start_replicas",
]
