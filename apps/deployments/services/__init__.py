"""The verbs of deployments, by topic."""

from apps.deployments.services.places import create_deployment
from apps.deployments.services.releases import fail_release, request_release, roll_back
from apps.deployments.services.replicas import DRAIN, note_replica, start_replicas
from apps.deployments.services.traffic import go_live

__all__ = [
    "DRAIN",
    "create_deployment",
    "fail_release",
    "go_live",
    "note_replica",
    "request_release",
    "roll_back",
    "start_replicas",
]
