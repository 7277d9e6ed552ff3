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
from apps.docs.models import Passage
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
NEWS = """
    SELECT 'now', pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
        coalesce(pg_current_xact_id_if_assigned()::text::bigint, 0), 0
    UNION ALL SELECT 'gone', passage_id, tx, 0 FROM docs_gonepassage WHERE tx >= %s
    UNION ALL SELECT 'written', id, tx, document_id FROM docs_passage WHERE tx >= %s
"""
COLUMNS = (
    "pk", "tx", "document_id", "document__project_id", "document__kind", "terms", "vector",
)  # fmt: skip


@dataclass(slots=True)
class News:
    """What transactions from some point on have written and taken away; apart, what the own one has.

    `horizon` is the oldest transaction that is not over; `mine` the own one where it has written, else 0.
    """

    horizon: int
    mine: int
    written: list[tuple[int, int, int]] = field(default_factory=list)  # passage, transaction, page
    gone: list[int] = field(default_factory=list)
    my_pages: set[int] = field(default_factory=set)
    my_gone: list[int] = field(default_factory=list)


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
            news = _news(self.horizon)
            self.strike(news.gone)
            theirs = Passage.objects.exclude(tx=news.mine) if news.mine else Passage.objects.all()
            known = self.known
            changed = {page for pk, tx, page in news.written if known.get(pk) != tx}
            self._take_in(theirs, sorted(changed))
            self.horizon = news.horizon
            segments = tuple(self.segments)
        return _with_mine(segments, news) if news.my_pages or news.my_gone else segments

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


def _news(since: int) -> News:
    """One statement, so that all of it is seen at one moment."""
    with connection.cursor() as cursor:
        cursor.execute(NEWS, [since, since])
        rows = cursor.fetchall()
    horizon, mine = next((one, other) for what, one, other, _ in rows if what == "now")
    news = News(horizon, mine)
    for what, pk, tx, page in rows:
        own = bool(mine) and tx == mine
        if what == "gone":
            (news.my_gone if own else news.gone).append(pk)
        elif what == "written" and own:
            news.my_pages.add(page)
        elif what == "written":
            news.written.append((pk, tx, page))
    return news


def _with_mine(segments: tuple[Segment, ...], news: News) -> tuple[Segment, ...]:
    """The segments as the own transaction sees them, for this one look."""
    pages, gone = sorted(news.my_pages), news.my_gone
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
