"""The answer in sentences without a language model: the evidence speaks for itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from apps.assistant.answers import Piece, Sentence, Standing

NOTHING = "The records that you may see say nothing about this."
# The order in which an engineer wants to hear it.
ORDER = (
    "incident", "cause", "unknown", "alert", "shift", "mismatch", "release", "change", "last_good",
    "deployment", "runbook", "passage", "shape", "mix", "trend", "season", "slice", "upstream", "serving",
    "sibling", "similar", "on_call", "owner", "candidate", "breach", "difference", "trouble",
)  # fmt: skip
MOST_SENTENCES = 20
MOST_STEPS = 5
MOST_OF_A_KIND = 3
_STEP = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(.+)$", re.MULTILINE)


def word(evidence: Sequence[Piece]) -> list[Sentence]:
    """One or more sentences for each piece that matters, most telling first."""
    found = [s for piece in _telling(evidence) for s in _sentences(piece)]
    if not found:
        return [Sentence(NOTHING, Standing.NOT_IN_RECORDS, ())]
    return found[:MOST_SENTENCES]


def _telling(evidence: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces in the order of `ORDER`, the first few of each kind."""
    seen: Counter[str] = Counter()
    for piece in sorted(evidence, key=_rank):
        seen[piece.kind] += 1
        if seen[piece.kind] <= MOST_OF_A_KIND:
            yield piece


def _rank(piece: Piece) -> tuple[int, int]:
    return (ORDER.index(piece.kind) if piece.kind in ORDER else len(ORDER), piece.n)


def _sentences(piece: Piece) -> Iterator[Sentence]:
    if piece.kind in {"runbook", "passage"}:
        yield from _steps(piece)
    else:
        yield Sentence(_plain(piece.excerpt), Standing.KNOWN, (piece.n,))


def _steps(piece: Piece) -> Iterator[Sentence]:
    """What a document says to do: its list items, or its first sentence."""
    steps = _STEP.findall(piece.excerpt)[:MOST_STEPS]
    lines = steps or [re.split(r"(?<=[.!?])\s", _plain(piece.excerpt), maxsplit=1)[0]]
    for line in lines:
        yield Sentence(f"{piece.title} says: {_plain(line)}", Standing.KNOWN, (piece.n,))


def _plain(text: str) -> str:
    """Markdown without its marks, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"[`*_#>]|\[( |x)\]", "", text)).strip()
