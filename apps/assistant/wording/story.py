"""What happened and what to do: the pack of an incident and the steps of documents, in order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from apps.assistant.answers import Piece, Sentence, Standing
from apps.assistant.checking import commands
from apps.assistant.evidence.relevance import plain
from apps.assistant.wording import facts

# The order in which an engineer wants to hear it.
ORDER = (
    "incident", "cause", "unknown", "alert", "shift", "mismatch", "release", "change", "last_good",
    "deployment", "runbook", "passage", "shape", "mix", "trend", "season", "slice", "upstream", "serving",
    "sibling", "similar", "on_call", "owner", "candidate", "breach", "difference", "trouble",
)  # fmt: skip
# What waits for somebody, or how many do where none does.
STANDING = (("incident", "count:incidents"), ("alert", "count:alerts"), ("promotion", "requested"))
GUESSED = {"cause", "candidate"}  # drawn from several records
_TABLE = re.compile(r"^\s*\|.*$\n?", re.MULTILINE)
_RULE = re.compile(r"[|:\s-]+")  # what parts the head of a table from its rows
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
MOST_STEPS = 5
MOST_OF_A_KIND = 3
_STEP = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(.+)$", re.MULTILINE)


def story(evidence: Sequence[Piece]) -> Iterator[Sentence]:
    """One or more sentences for each piece that matters, most telling first."""
    for piece in _telling(evidence):
        yield from _sentences(piece)
        if piece.kind == "release":
            yield from _cause(piece, evidence)


def steps(evidence: Sequence[Piece]) -> Iterator[Sentence]:
    """What the documents say to do, in their order."""
    for piece in _telling(evidence):
        if piece.kind in {"runbook", "passage"}:
            yield from _steps(piece)


def standing(evidence: Sequence[Piece]) -> Iterator[Sentence]:
    """How things stand: what is open, what fires, what waits, or that nothing does; then what the runbooks say."""
    for keys in STANDING:
        yield from islice(facts.saying(keys, evidence), MOST_OF_A_KIND)
    yield from steps(evidence)


def changes(evidence: Sequence[Piece]) -> Iterator[Sentence]:
    """What changed, the oldest first."""
    for piece in reversed([each for each in evidence if each.kind == "change"]):
        yield Sentence(plain(piece.excerpt), Standing.KNOWN, (piece.n,))


def _telling(evidence: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces in the order of `ORDER`, the first few of each kind."""
    seen: Counter[str] = Counter()
    told = [piece for piece in evidence if piece.kind in ORDER]
    for piece in sorted(told, key=lambda each: (ORDER.index(each.kind), each.n)):
        seen[piece.kind] += 1
        if seen[piece.kind] <= MOST_OF_A_KIND:
            yield piece


def _sentences(piece: Piece) -> Iterator[Sentence]:
    if piece.kind in {"runbook", "passage"}:
        yield from _steps(piece)
    else:
        first = next(iter(piece.facts.values()), piece.excerpt)
        standing = Standing.LIKELY if piece.kind in GUESSED else Standing.KNOWN
        yield Sentence(plain(first), standing, (piece.n,))


def _cause(release: Piece, evidence: Sequence[Piece]) -> Iterator[Sentence]:
    """Where no record says what the cause is, what was live when it began is no more than likely."""
    if any(piece.kind in {"cause", "unknown"} for piece in evidence):
        return
    if about := [piece.n for piece in evidence if piece.kind == "incident"][:1]:
        text = "No record names the cause; what was live when it began may be it."
        yield Sentence(text, Standing.LIKELY, (about[0], release.n))


def _steps(piece: Piece) -> Iterator[Sentence]:
    """What a document says to do: its items and rows, or its first sentences; no orders to the assistant."""
    listed = [*_STEP.findall(piece.excerpt), *_rows(piece.excerpt)]
    found = [line for line in listed if not commands(line)][:MOST_STEPS]
    prose = re.split(r"(?<=[.!?])\s", plain(_TABLE.sub("", piece.excerpt)))
    lines = found or [line for line in prose if line and not commands(line)][:2]
    for line in lines:
        said = plain(_LINK.sub(r"\1", line))
        yield Sentence(f"{piece.title} says: {said}", Standing.KNOWN, (piece.n,))


def _rows(excerpt: str) -> Iterator[str]:
    """The rows of a table without its head, their cells one after the other."""
    lines = [line.strip().strip("|") for line in _TABLE.findall(excerpt)]
    under = next((at for at, line in enumerate(lines, 1) if _RULE.fullmatch(line)), len(lines))
    yield from ("; ".join(cell.strip() for cell in line.split("|")) for line in lines[under:])
