"""Retention: moves the oldest entries into a signed file and lets the chain go on from there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from django.db import connection, transaction

from apps.ledger import chain, files, keys, services
from apps.ledger.chain import Link, Place
from apps.ledger.errors import ChainIsBroken, FileRefused, NothingToArchive, ReaderBehind
from apps.ledger.export import Extent, Written, stamp, write
from apps.ledger.models import Archive, Cursor, Seal


def archive(*, until: datetime, folder: Path) -> Archive:
    """Move the entries before `until` out of the database, once the file that holds them is safe.

    The file is written, flushed to the disk and read back; only then the rows go.
    """
    services.seal()
    return _archive(until, folder)


@transaction.atomic
def _archive(until: datetime, folder: Path) -> Archive:
    chain.lock(chain.ARCHIVING)
    start = chain.anchor()
    path = folder / f"ledger-from-{start.position + 1}-until-{until:%Y-%m-%d}.jsonl"
    written = _write(path, start, until)
    try:
        return _move(start, written, path)
    except BaseException:  # whatever it was, an interrupt too: a file without its row must not stay
        path.unlink()
        raise


def _write(path: Path, start: Place, until: datetime) -> Written:
    draft = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        raise FileRefused(file=path.name, reason="it exists already; name another folder")
    try:
        with draft.open("wb") as out, closing(chain.links(after=start.position)) as links:
            draft.chmod(0o600)
            written = write(out, start, _before(links, until), Extent())
            out.flush()
            os.fsync(out.fileno())
        if not written.rows:
            raise NothingToArchive(until=f"{until:%Y-%m-%d %H:%M}")
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    return written


def _before(links: Iterator[Link], until: datetime) -> Iterator[Link]:
    """The links up to the first one that is not older; one without its row goes on to be named."""
    end = stamp(until)
    return takewhile(lambda link: link.row is None or link.row["at"] < end, links)


def _move(start: Place, written: Written, path: Path) -> Archive:
    checked = files.check(path, public=keys.own_public())
    if (checked.previous, checked.last, checked.gaps) != (start.hash, written.last, 0):
        raise FileRefused(file=path.name, reason="it does not hold what was written")
    behind = Cursor.objects.filter(position__lt=written.last).order_by("position").first()
    if behind:
        raise ReaderBehind(name=behind.name, position=behind.position, last=written.last)
    moved = Archive.objects.create(
        first=written.first,
        last=written.last,
        last_hash=written.head,
        digest=written.digest,
        location=str(path),
    )
    _delete(moved)
    data = {"first": moved.first, "last": moved.last, "digest": moved.digest}
    services.record(actor=None, verb="ledger.archived", subject=moved, data=data)
    return moved


def _delete(moved: Archive) -> None:
    """The one delete that the database lets pass: in a transaction that named itself for it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('signalbox.ledger_archive', pg_current_xact_id()::text, true)"
        )
        cursor.execute(
            "DELETE FROM ledger_entry e USING ledger_seal s"
            " WHERE s.entry_id = e.id AND s.position <= %s",
            (moved.last,),
        )
        cursor.execute("DELETE FROM ledger_seal WHERE position <= %s", (moved.last,))
        cursor.execute("SELECT set_config('signalbox.ledger_archive', '', true)")


def check_archives() -> Iterator[tuple[Archive, files.Checked]]:
    """Read every archived file back, in order, and see that each joins the one before."""
    place = Place(0, chain.GENESIS)
    public = keys.own_public()
    for row in Archive.objects.order_by("last"):
        checked = files.check(Path(row.location), public=public)
        if (checked.first, checked.previous) != (place.position + 1, place.hash):
            raise ChainIsBroken(fault=f"{row.location} does not join the archive before it")
        if (checked.last, checked.head) != (row.last, bytes(row.last_hash)):
            raise ChainIsBroken(fault=f"{row.location} does not end as the ledger says")
        place = Place(checked.last, checked.head)
        yield row, checked


def in_ledger(checked: files.Checked) -> bool | None:
    """Whether the ledger has the file's last hash in its place; `None` where it cannot tell."""
    seal = Seal.objects.filter(position=checked.last).first()
    if seal:
        return bytes(seal.hash) == checked.head
    kept = Archive.objects.filter(last=checked.last).first()
    return bytes(kept.last_hash) == checked.head if kept else None
