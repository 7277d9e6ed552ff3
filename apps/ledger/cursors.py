"""Readers of the ledger: each keeps its place, sees every entry in order, and misses none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.ledger import chain
from apps.ledger.models import Cursor, Entry, Seal


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry at its position in the chain."""

    position: int
    entry: Entry


Handle = Callable[[Sequence[Sealed]], None]


def begin(name: str, *, at_head: bool = False) -> None:
    """Make a reader; with `at_head` it sees only what comes from now on. Safe to run twice."""
    position = chain.head().position if at_head else 0
    Cursor.objects.get_or_create(name=name, defaults={"position": position})


@transaction.atomic
def read(name: str, *, handle: Handle, batch: int = 500) -> int:
    """Hand the next sealed entries to `handle`, in order; answers how many it were.

    What `handle` writes and the move of the cursor are one transaction: an error undoes both, and
    the same entries come again. Effects outside the database must be safe to repeat. While another
    process reads under this name, there is nothing to do.
    """
    begin(name)
    # The lock makes one reader per name; skipping it makes a second one leave at once.
    cursor = Cursor.objects.select_for_update(skip_locked=True).filter(name=name).first()
    if cursor is None or not (seals := _seals(cursor.position, batch)):
        return 0
    handle(_entries(seals))
    Cursor.objects.filter(pk=cursor.pk).update(position=seals[-1].position, moved_at=timezone.now())
    return len(seals)


def drain(name: str, *, handle: Handle, batch: int = 500) -> int:
    """Read until the head is reached."""
    total = 0
    while count := read(name, handle=handle, batch=batch):
        total += count
    return total


def lags() -> dict[str, int]:
    """How many sealed entries each reader has before it."""
    end = chain.head().position
    return {row.name: max(0, end - row.position) for row in Cursor.objects.order_by("name")}


def _seals(position: int, batch: int) -> list[Seal]:
    return list(Seal.objects.filter(position__gt=position).order_by("position")[:batch])


def _entries(seals: Sequence[Seal]) -> list[Sealed]:
    entries = Entry.objects.in_bulk([seal.entry_id for seal in seals])
    return [
        Sealed(seal.position, entries[seal.entry_id]) for seal in seals if seal.entry_id in entries
    ]
