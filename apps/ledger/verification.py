"""The walk along the chain that finds the first row that is not what it was."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max

from apps.core import events, live
from apps.ledger import chain, services
from apps.ledger.chain import Link, Place, Row
from apps.ledger.choices import Fault
from apps.ledger.events import ChainBroken
from apps.ledger.models import Cursor, Seal, Verification

logger = logging.getLogger(__name__)

NEAR = 500
TOPIC = "ledger:chain"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place that does not hold; `entry_id` is `None` where nothing is left to name."""

    fault: Fault
    position: int
    entry_id: int | None
    more: str = ""

    @property
    def sentence(self) -> str:
        entry = "entry unknown" if self.entry_id is None else f"entry {self.entry_id}"
        more = f" ({self.more})" if self.more else ""
        return f"position {self.position}, {entry}: {self.fault.label}{more}"


class _Present(NamedTuple):
    """A neighbour of a broken link whose row is there."""

    entry_id: int
    position: int
    hash: bytes
    row: Row


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a walk came, and what stopped it."""

    rows: int
    place: Place
    found: Break | None


def verify() -> Verification:
    """Seal what waits, walk from the last archive to the head, and keep what was found."""
    started = time.perf_counter()
    services.seal()
    with transaction.atomic():
        # An archive that moved rows away meanwhile would look like a broken chain.
        chain.lock(chain.ARCHIVING, shared=True)
        walk = _whole()
    return _keep(walk, time.perf_counter() - started)


def _keep(walk: Walk, seconds: float) -> Verification:
    found = walk.found
    with transaction.atomic():
        kept = Verification.objects.create(
            rows=walk.rows,
            position=walk.place.position,
            head=walk.place.hash,
            seconds=seconds,
            fault=found.fault if found else "",
            broken_position=found.position if found else None,
            broken_entry_id=found.entry_id if found else None,
            sentence=found.sentence if found else "",
        )
        if found:
            logger.error("The ledger is broken at %s", found.sentence)
            events.publish(ChainBroken(position=found.position, sentence=found.sentence))
        live.changed(TOPIC)
    return kept


def _whole() -> Walk:
    start = chain.anchor()
    known = _known(start)
    with closing(chain.links(after=start.position)) as links:
        walk = along(start, links, known)
    if walk.found is None and (found := _beyond(walk.place, known)):
        return Walk(walk.rows, walk.place, found)
    return walk


def along(start: Place, links: Iterator[Link], known: Mapping[int, bytes]) -> Walk:
    """Follow the links until one does not join; `known` are hashes that were seen before."""
    place, rows = start, 0
    for link in links:
        if (found := joins(place, link)) or (found := _rewritten(link, known)):
            return Walk(rows, place, found)
        place, rows = Place(link.position, link.hash), rows + 1
    return Walk(rows, place, None)


def joins(place: Place, link: Link) -> Break | None:
    """Whether the link follows on `place`; what is wrong where it does not."""
    if link.position != place.position + 1:
        return Break(Fault.SEAL_MISSING, place.position + 1, chain.stray())
    if link.row is None:
        return Break(Fault.MISSING, link.position, link.entry_id)
    if chain.digest(place.hash, link.row) != link.hash:
        return _named(place, link)
    return None


def _named(place: Place, link: Link) -> Break:
    """Tell a changed row from a changed seal and from a changed order."""
    assert link.row is not None
    near = _near(link)
    for other in near.values():
        if chain.digest(place.hash, other.row) in (link.hash, other.hash):
            more = f"entry {other.entry_id}, now at position {other.position}, belongs here"
            return Break(Fault.ORDER, link.position, link.entry_id, more)
    if (following := near.get(link.position + 1)) is None:
        return Break(Fault.CHANGED, link.position, link.entry_id, "or its seal, being the last one")
    right = chain.digest(place.hash, link.row)
    holds = chain.digest(right, following.row) == following.hash
    return Break(Fault.SEAL_CHANGED if holds else Fault.CHANGED, link.position, link.entry_id)


def _near(link: Link) -> dict[int, _Present]:
    """The rows around a link, by position."""
    with closing(chain.links(after=link.position - NEAR, until=link.position + NEAR)) as found:
        return {
            other.position: _Present(other.entry_id, other.position, other.hash, other.row)
            for other in found
            if other.row is not None and other.position != link.position
        }


def _known(start: Place) -> dict[int, bytes]:
    """The heads that earlier verifications found intact."""
    seen = Verification.objects.intact().filter(position__gt=start.position)
    return {row.position: bytes(row.head) for row in seen.only("position", "head").iterator()}


def _rewritten(link: Link, known: Mapping[int, bytes]) -> Break | None:
    if known.get(link.position, link.hash) == link.hash:
        return None
    return Break(Fault.REWRITTEN, link.position, link.entry_id)


def _beyond(end: Place, known: Mapping[int, bytes]) -> Break | None:
    """What is missing at the end, where no later link can tell."""
    if (entry_id := chain.stray()) is not None:
        return Break(Fault.SEAL_MISSING, end.position + 1, entry_id)
    if (entry_id := chain.lost()) is not None:
        return Break(Fault.MISSING, end.position + 1, entry_id, "before it was sealed")
    read = Cursor.objects.aggregate(most=Max("position"))["most"] or 0
    reached = max(read, *known, 0)
    if reached > end.position and not Seal.objects.filter(position=reached).exists():
        more = f"it has reached position {reached}"
        return Break(Fault.CUT, end.position + 1, None, more)
    return None
