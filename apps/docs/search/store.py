"""The index of this process: follows the table of passages, so that what is committed is found by the next query.

Each row carries the transaction that wrote it. A look reads what was written by transactions that were not over at
the look before, so that a row which commits late is never missed; what is read twice is known and left. What the
asking transaction itself has written, and may yet take back, is seen by it alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from apps.core.late import late
from apps.docs.models import GonePassage, Passage
from apps.docs.search import meaning
from apps.docs.search.merging import merged
from apps.docs.search.segments import Piece, Segment, segment
from apps.docs.search.tokens import unpacked

np = late("numpy")
AT_ONCE = 20_000  # passages of one new segment
TRUST = (
    86_400.0  # seconds after which an idle index is read anew: removals are not remembered for ever
)
GROWTH = 4  # neighbours are merged while the older one is less than so many times larger
COLUMNS = (
    "pk", "tx", "document_id", "document__project_id", "document__kind", "terms", "vector",
)  # fmt: skip


@dataclass(slots=True)
class Index:
    """Segments, the oldest and largest first, and how far the table has been read."""

    segments: list[Segment] = field(default_factory=list)
    known: dict[int, int] = field(default_factory=dict)  # the transaction by passage
    horizon: int = 0
    looked_at: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def follow(self) -> tuple[Segment, ...]:
        """Read what was committed since the last look; the segments as they are now."""
        with self.lock:
            self._forget_if_idle()
            horizon, mine = _transactions()
            theirs = Passage.objects.exclude(tx=mine) if mine else Passage.objects.all()
            gone = GonePassage.objects.filter(tx__gte=self.horizon).exclude(tx=mine or 0)
            self.strike(list(gone.values_list("pk", flat=True)))
            self._take_in(theirs, self._pages_changed(theirs))
            self.horizon = horizon
            segments = tuple(self.segments)
        return _with_mine(segments, mine) if mine else segments

    def strike(self, ids: Sequence[int]) -> None:
        """These passages are no more."""
        here = [pk for pk in ids if self.known.pop(pk, None) is not None]
        if here:
            for part in self.segments:
                part.alive[np.isin(part.ids, here)] = False

    def bytes(self) -> int:
        """About how much memory the index takes in this process."""
        return sum(part.bytes for part in self.segments) + 100 * len(self.known)

    def _forget_if_idle(self) -> None:
        now = time.monotonic()
        if now - self.looked_at > TRUST:
            self.segments, self.known, self.horizon = [], {}, 0
        self.looked_at = now

    def _pages_changed(self, passages: QuerySet[Passage]) -> list[int]:
        written = passages.filter(tx__gte=self.horizon)
        found = written.order_by().values_list("pk", "tx", "document_id").iterator(chunk_size=5000)
        return sorted({page for pk, tx, page in found if self.known.get(pk) != tx})

    def _take_in(self, passages: QuerySet[Passage], pages: Sequence[int]) -> None:
        """Read whole pages anew: the passages of one page stand in one segment."""
        for some in _batches(pages):
            kept = _kept(passages, some)
            self.strike([row[0] for row in kept])
            self.known.update((row[0], row[1]) for row in kept)
            if kept:
                self.segments.append(segment([_piece(row) for row in kept], meaning.width()))
                self._merge()

    def _merge(self) -> None:
        parts = self.segments
        while len(parts) > 1 and len(parts[-2].ids) < GROWTH * len(parts[-1].ids):
            parts[-2:] = [merged(parts[-2:])]


_indexes: dict[str, Index] = {}
_making = threading.Lock()


def index() -> Index:
    """The index of this process for the database in use."""
    with _making:
        return _indexes.setdefault(str(connection.settings_dict["NAME"]), Index())


def _transactions() -> tuple[int, int]:
    """The oldest transaction that is not over, and the own one where it has written, else 0."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
            " coalesce(pg_current_xact_id_if_assigned()::text::bigint, 0)"
        )
        horizon, mine = cursor.fetchone()
    return int(horizon), int(mine)


def _with_mine(segments: tuple[Segment, ...], mine: int) -> tuple[Segment, ...]:
    """The segments as the own transaction sees them, for this one look."""
    written = Passage.objects.filter(tx=mine).order_by().values_list("document_id", flat=True)
    pages = sorted(set(written))
    gone = list(GonePassage.objects.filter(tx=mine).values_list("pk", flat=True))
    if not pages and not gone:
        return segments
    parts = [
        replace(part, alive=part.alive & ~np.isin(part.pages, pages) & ~np.isin(part.ids, gone))
        for part in segments
    ]
    kept = _kept(Passage.objects.all(), pages)
    own = [segment([_piece(row) for row in kept], meaning.width())] if kept else []
    return (*parts, *own)


def _kept(passages: QuerySet[Passage], pages: Sequence[int]) -> list[tuple[Any, ...]]:
    rows = passages.filter(document_id__in=pages).order_by("document_id", "position")
    return list(rows.values_list(*COLUMNS))


def _batches(pages: Sequence[int]) -> Iterable[Sequence[int]]:
    step = AT_ONCE // 5
    return (pages[start : start + step] for start in range(0, len(pages), step))


def _piece(row: tuple[Any, ...]) -> Piece:
    pk, _, page, project, kind, terms, vector = row
    title, heading, text = unpacked(terms)
    return Piece(pk, page, project, kind, title, heading, text, bytes(vector) if vector else None)
