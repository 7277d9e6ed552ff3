"""The verbs of models, by topic."""

from apps.models.services.cards import write_card
from apps.models.services.gating import declare_gate, remove_gate
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
    "PACK",
    "PROMOTE",
    "approve",
    "check_gates",
    "decline",
    "declare_gate",
    "fail_promotion",
    "finish",
    "forget_packs",
    "keep_pack",
    "read_slices",
    "remove_gate",
    "request_evidence",
    "request_promotion",
    "settle_gates",
    "write_card",
]
