"""What of the evidence fits into a model's window. The checker still has all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from apps.assistant.answers import Piece

CHARS_PER_TOKEN = 3.0  # cautious: English text has about four
SHORTEST_EXCERPT = 120


def tokens(text: str) -> int:
    """How many tokens a text takes at most, roughly."""
    return int(len(text) / CHARS_PER_TOKEN) + 1


def fitting(evidence: Sequence[Piece], *, room: int) -> list[Piece]:
    """The pieces in their order within `room` tokens: first they get shorter, then the last ones go."""
    longest = max((len(piece.excerpt) for piece in evidence), default=0)
    pieces = list(evidence)
    while _size(pieces) > room and longest > SHORTEST_EXCERPT:
        longest = max(SHORTEST_EXCERPT, longest // 2)
        pieces = [_shortened(piece, longest) for piece in evidence]
    while len(pieces) > 1 and _size(pieces) > room:
        pieces.pop()
    return pieces


def _size(pieces: Sequence[Piece]) -> int:
    return sum(tokens(f"[{p.n}] {p.title}: {p.excerpt}\n") for p in pieces)


def _shortened(piece: Piece, longest: int) -> Piece:
    if len(piece.excerpt) <= longest:
        return piece
    kept = piece.excerpt[:longest].rpartition(" ")[0] or piece.excerpt[:longest]
    return replace(piece, excerpt=kept)
