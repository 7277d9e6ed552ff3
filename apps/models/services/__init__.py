"""The verbs of models, by topic."""

from apps.models.services.cards import write_card
from apps.models.services.facts import READ_FACTS, ask_for_facts, ask_for_missing_facts, fail_facts
from apps.models.services.gating import declare_gate, remove_gate
from apps.models.services.history import (
    REVERT,
    adopt,
    fail_revert,
    finish_revert,
    request_revert,
    take_up,
)
from apps.models.services.homes import choose_home
from apps.models.services.imports import IMPORT, fail_import, finish_import, pin, request_import
from apps.models.services.packs import PACK, forget_packs, keep_pack, request_evidence
from apps.models.services.profiles import edit_profile
from apps.models.services.promotions import (
    PROMOTE,
    approve,
    ask_again,
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
from apps.models.services.slices import read_slices
from apps.models.services.waivers import grant_waiver, withdraw_waiver

__all__ = [
    "CLEAN_UP",
    "Freed",
    "IMPORT",
    "PACK",
    "PROMOTE",
    "READ_FACTS",
    "REVERT",
    "adopt",
    "approve",
    "ask_again",
    "ask_for_clean_up",
    "ask_for_facts",
    "ask_for_missing_facts",
    "check_gates",
    "choose_home",
    "clean_up",
    "declare_gate",
    "decline",
    "edit_profile",
    "fail_facts",
    "fail_import",
    "fail_promotion",
    "fail_revert",
    "finish",
    "finish_import",
    "finish_revert",
    "forget_packs",
    "grant_waiver",
    "keep_pack",
    "pin",
    "promote_now",
    "read_slices",
    "reinstate",
    "remove_gate",
    "request_evidence",
    "request_import",
    "request_promotion",
    "request_revert",
    "retire_model",
    "retire_version",
    "settle_gates",
    "take_up",
    "withdraw_waiver",
    "write_card",
]
