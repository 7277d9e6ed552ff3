"""The verbs of models, by topic."""

from apps.models.services.facts import (
    READ_FACTS,
    ask_for_facts,
    ask_for_missing_facts,
    fail_facts,
)
from apps.models.services.gating import declare_gate, remove_gate
from apps.models.services.profiles import edit_profile
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
from apps.models.services.retirement import (
    CLEAN_UP,
    Freed,
    ask_for_clean_up,
    clean_up,
    reinstate,
    retire_model,
    retire_version,
)
from apps.models.services.waivers import grant_waiver, withdraw_waiver

__all__ = [
    "CLEAN_UP",
    "PROMOTE",
    "READ_FACTS",
    "Freed",
    "approve",
    "ask_for_clean_up",
    "ask_for_facts",
    "ask_for_missing_facts",
    "check_gates",
    "clean_up",
    "decline",
    "declare_gate",
    "edit_profile",
    "fail_facts",
    "fail_promotion",
    "finish",
    "grant_waiver",
    "promote_now",
    "reinstate",
    "remove_gate",
    "request_promotion",
    "retire_model",
    "retire_version",
    "settle_gates",
    "withdraw_waiver",
]
