"""The verbs of models, by topic."""

from apps.models.services.gating import declare_gate, remove_gate
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
    "approve",
    "check_gates",
    "decline",
    "declare_gate",
    "fail_promotion",
    "finish",
    "remove_gate",
    "request_promotion",
    "settle_gates",
]
