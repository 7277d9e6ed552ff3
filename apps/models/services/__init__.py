"""The verbs of models, by topic."""

from apps.models.services.gating import declare_gate, remove_gate
from apps.models.services.promotions import (
    PROMOTE,
    approve,
    check_gates,
    decline,
    fail_promotion,
    finish,
    promote_now,
    request_promotion,
    settle_gates,
)
from apps.models.services.waivers import grant_waiver, withdraw_waiver

__all__ = [
    "PROMOTE",
    "approve",
    "check_gates",
    "decline",
    "declare_gate",
    "fail_promotion",
    "finish",
    "grant_waiver",
    "promote_now",
    "remove_gate",
    "request_promotion",
    "settle_gates",
    "withdraw_waiver",
]
