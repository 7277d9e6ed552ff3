"""The verbs of deployments, by topic."""

from apps.deployments.planning import Plan, plan
from apps.deployments.services.configuring import configure, restore, scale
from apps.deployments.services.driving import Look, look
from apps.deployments.services.endings import abort_release, fail_release, take_back
from apps.deployments.services.mismatches import (
    adopt_mismatch,
    finish_revert,
    note_mismatches,
    revert_mismatch,
)
from apps.deployments.services.places import (
    create_deployment,
    reinstate_deployment,
    retire_deployment,
)
from apps.deployments.services.placing import level_replicas
from apps.deployments.services.releases import request_release, roll_back
from apps.deployments.services.replicas import DRAIN, note_replica, start_replicas
from apps.deployments.services.scaling import restart
from apps.deployments.services.traffic import go_live
from apps.deployments.services.wishes import ask_abort, ask_pause, ask_promote, ask_resume

__all__ = [
    "DRAIN",
    "Look",
    "Plan",
    "abort_release",
    "adopt_mismatch",
    "ask_abort",
    "ask_pause",
    "ask_promote",
    "ask_resume",
    "configure",
    "create_deployment",
    "fail_release",
    "finish_revert",
    "go_live",
    "level_replicas",
    "look",
    "note_mismatches",
    "note_replica",
    "plan",
    "reinstate_deployment",
    "request_release",
    "restart",
    "restore",
    "retire_deployment",
    "revert_mismatch",
    "roll_back",
    "scale",
    "start_replicas",
    "take_back",
]
