"""Writes a stretch of the chain as signed JSON Lines: header, one line per entry, footer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.ledger import chain, keys, services
from apps.ledger.chain import Link, Place, canonical
from apps.ledger.errors import ChainIsBroken
from apps.ledger.subjects import Subject
from apps.ledger.verification import joins

FORM = "signalbox-ledger/1"
BOUNDS = (
    "SELECT min(s.position), max(s.position)"
    " FROM ledger_entry e JOIN ledger_seal s ON s.entry_id = e.id WHERE "
)


@dataclass(frozen=True, slots=True)
class Extent:
    """Which entries to write: since (inclusive), until (exclusive), of one project, of some subjects."""

    since: datetime | None = None
    until: datetime | None = None
    project_id: int | None = None
    subjects: frozenset[Subject] | None = None

    def holds(self, row: chain.Row) -> bool:
        at: str = row["at"]
        return (
            (self.since is None or at >= stamp(self.since))
            and (self.until is None or at < stamp(self.until))
            and (self.project_id is None or row["project_id"] == self.project_id)
            and (self.subjects is None or _subject(row) in self.subjects)
        )


def _subject(row: chain.Row) -> Subject:
    return row["subject_kind"], row["subject_id"]


@dataclass(frozen=True, slots=True)
class Written:
    """What went into a file; `first` and `last` are positions, 0 where nothing did."""

    rows: int
    first: int
    last: int
    head: bytes
    digest: str


def export(out: BinaryIO, extent: Extent) -> Written:
    """Write the sealed entries of the extent, each checked against the chain on its way out."""
    services.seal()
    with transaction.atomic():
        chain.lock(chain.ARCHIVING, shared=True)
        first, last = _bounds(extent)
        with closing(chain.links(after=first - 1, until=last)) as links:
            return write(out, chain.before(first), links, extent)


def write(out: BinaryIO, place: Place, links: Iterator[Link], extent: Extent) -> Written:
    """Write and sign the links that follow on `place` and lie within the extent."""
    key = keys.signing_key()
    sink = _Sink(out)
    sink.line(_header(extent, keys.public_text(key.public_key())))
    rows, first, written = 0, 0, Place(0, chain.GENESIS)
    for link in links:
        if found := joins(place, link):
            raise ChainIsBroken(fault=found.sentence)
        assert link.row is not None
        if extent.holds(link.row):
            sink.line(_line(link, None if rows and written == place else place))
            rows, first = rows + 1, first or link.position
            written = Place(link.position, link.hash)
        place = Place(link.position, link.hash)
    digest = sink.hash.digest()
    result = Written(rows, first, written.position, written.hash, digest.hex())
    sink.line(_footer(result, base64.b64encode(key.sign(digest)).decode()))
    return result


class _Sink:
    """Hashes what it writes."""

    def __init__(self, out: BinaryIO) -> None:
        self.out = out
        self.hash = hashlib.sha256()

    def line(self, content: dict[str, Any]) -> None:
        text = canonical(content) + b"\n"
        self.hash.update(text)
        self.out.write(text)


def _header(extent: Extent, public: str) -> dict[str, Any]:
    subjects = {"subjects": sorted(extent.subjects)} if extent.subjects is not None else {}
    return {
        **subjects,
        "ledger": FORM,
        "portal": settings.PUBLIC_URL,
        "written_at": stamp(timezone.now()),
        "since": extent.since and stamp(extent.since),
        "until": extent.until and stamp(extent.until),
        "project_id": extent.project_id,
        "public_key": public,
    }


def _line(link: Link, after: Place | None) -> dict[str, Any]:
    """One entry; `previous` is named where the line before is not its predecessor in the chain."""
    line = {"position": link.position, "hash": link.hash.hex(), "entry": link.row}
    return line if after is None else {**line, "previous": after.hash.hex()}


def _footer(written: Written, signature: str) -> dict[str, Any]:
    return {
        "rows": written.rows,
        "first": written.first,
        "last": written.last,
        "head": written.head.hex(),
        "digest": written.digest,
        "signature": signature,
    }


def stamp(moment: datetime) -> str:
    """A moment as the canonical row writes it, so that the two compare as text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _bounds(extent: Extent) -> tuple[int, int]:
    """The first and last position that may hold entries of the extent."""
    if extent == Extent():
        return chain.anchor().position + 1, chain.head().position
    clauses: list[str] = []
    values: list[datetime | int | list[str]] = []
    for clause, value in (
        ("e.at >= %s", extent.since),
        ("e.at < %s", extent.until),
        ("e.project_id = %s", extent.project_id),
    ):
        if value is not None:
            clauses.append(clause)
            values.append(value)
    if extent.subjects is not None:
        # Two lists that are read in step: a pair of columns against pairs.
        pairs = sorted(extent.subjects)
        clauses.append(
            "(e.subject_kind, e.subject_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
        )
        values += [[kind for kind, _ in pairs], [key for _, key in pairs]]
    with connection.cursor() as cursor:
        cursor.execute(BOUNDS + " AND ".join(clauses), values)
        first, last = cursor.fetchone()
    return (first, last) if first else (1, 0)
