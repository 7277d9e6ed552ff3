"""How a pack of evidence is shown: the cause first, then by topic; and what is new against the pack before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.incidents.models import Evidence, Incident, Pack

# The topics in which a person looks for something, and what belongs to each.
TOPICS = (
    ("What broke", ("breach", "shift", "mismatch", "slice", "shape", "mix", "trend", "season", "serving")),
    ("What changed before", ("candidate", "change")),
    ("Versions", ("release", "last_good", "difference")),
    ("Elsewhere", ("upstream", "sibling", "similar")),
    ("Whom to ask", ("on_call", "owner")),
)  # fmt: skip
FIRST = ("cause", "unknown")
APART = ("runbook", "trouble")  # shown in a place of their own


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of a pack with its pieces."""

    title: str
    pieces: list[Evidence]


@dataclass(frozen=True, slots=True)
class Panel:
    """What the page of the incident shows of its evidence."""

    pack: Pack | None
    causes: list[Evidence]
    unknown: Evidence | None
    topics: list[Topic]
    runbook: list[Evidence]
    troubles: list[Evidence]


def panel(row: Incident) -> Panel:
    """The newest pack of an incident."""
    newest = row.packs.first()
    return of(newest, list(newest.items.all()) if newest else [])


def of(pack: Pack | None, pieces: Sequence[Evidence]) -> Panel:
    """A pack by topic; a kind that no topic knows is shown at the end."""
    known = {kind for _, kinds in TOPICS for kind in kinds} | {*FIRST, *APART}
    topics = [Topic(title, _of(pieces, kinds)) for title, kinds in TOPICS]
    topics.append(Topic("More", [each for each in pieces if each.kind not in known]))
    return Panel(
        pack=pack,
        causes=_of(pieces, ("cause",)),
        unknown=next(iter(_of(pieces, ("unknown",))), None),
        topics=[each for each in topics if each.pieces],
        runbook=_of(pieces, ("runbook",)),
        troubles=_of(pieces, ("trouble",)),
    )


def _of(pieces: Sequence[Evidence], kinds: Sequence[str]) -> list[Evidence]:
    return [each for each in pieces if each.kind in kinds]


@dataclass(frozen=True, slots=True)
class News:
    """What came and what went against the pack before."""

    before: int
    came: list[Evidence]
    went: list[Evidence]


def news(pack: Pack) -> News | None:
    """The difference to the pack before that is still kept; `None` for the first."""
    earlier = pack.incident.packs.filter(number__lt=pack.number).first()
    if earlier is None:
        return None
    now, then = list(pack.items.all()), list(earlier.items.all())
    return News(earlier.number, _missing(now, then), _missing(then, now))


def _missing(these: Sequence[Evidence], there: Sequence[Evidence]) -> list[Evidence]:
    known = {(each.kind, each.subject_kind, each.subject_id, each.title) for each in there}
    return [e for e in these if (e.kind, e.subject_kind, e.subject_id, e.title) not in known]


def page(row: Incident, pack: Pack) -> dict[str, Any]:
    """What the page of one pack shows."""
    return {
        "incident": row,
        "evidence": of(pack, list(pack.items.all())),
        "pack": pack,
        "packs": row.packs.all(),
        "news": news(pack),
    }


def document(row: Incident, pack: Pack) -> dict[str, Any]:
    """A pack as a file: everything that is kept of it."""
    return {
        "incident": {"id": row.pk, "number": row.number, "title": row.title, "project": row.project.slug},
        "pack": {
            "number": pack.number, "reason": pack.reason, "built_at": pack.built_at,
            "checked_at": pack.checked_at, "seconds": pack.seconds, "digest": pack.digest,
            "gatherers": pack.states,
        },
        "items": [
            {
                "position": each.position, "kind": each.kind, "subject_kind": each.subject_kind,
                "subject_id": each.subject_id, "title": each.title, "text": each.text,
                "url": each.url, "data": each.data,
            }
            for each in pack.items.all()
        ],
    }  # fmt: skip
