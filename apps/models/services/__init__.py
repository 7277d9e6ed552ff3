"""The verbs of models, by topic."""

from apps.models.services.cards import write_card
from apps.models.services.gating import declare_gate, remove_gate
from apps.models.services.history import (
    REVERT,
    adopt,
    fail_revert,
    finish_revert,
    request_revert,
    take_up,
)
from apps.models.services.imports import IMPORT, fail_import, finish_import, pin, request_import
from apps.models.services.packs import PACK, forget_packs, keep_pack, request_evidence
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
from apps.models.services.slices import read_slices

__all__ = [
    "IMPORT",
    "PACK",
    "PROMOTE",
    "REVERT",
    "adopt",
    "approve",
    "check_gates",
    "decline",
    "declare_gate",
    "fail_import",
    "fail_promotion",
    "fail_revert",
    "finish",
    "finish_import",
    "forget_packs",
    "keep_pack",
    "pin",
    "read_slices",
    "finish_revert",
    "remove_gate",
    "request_evidence",
    "request_import",
    "request_promotion",
    "request_revert",
    "settle_gates",
    "write_card",
    "take_up",
]
