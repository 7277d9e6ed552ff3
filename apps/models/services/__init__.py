"""The verbs of models, by topic."""

from apps.models.services.gating import declare_gate, remove_gate
from apps.models.services.history import (
    REVERT,
    adopt,
    fail_revert,
    finish_revert,
    request_revert,
    take_up,
)
from apps.models.services.promotions import (
    PROMOTE,
    approve,
    check_gates,
    decline,
    fail_promotion,
    finish,
    request_promotion,
    settle_gates,
)

__all__ = [
    "PROMOTE",
    "REVERT",
    "adopt",
    "approve",
    "check_gates",
    "decline",
    "declare_gate",
    "fail_promotion",
    "fail_revert",
    "finish",
    "finish_revert",
    "remove_gate",
    "request_promotion",
    "request_revert",
    "settle_gates",
    "take_up",
]
