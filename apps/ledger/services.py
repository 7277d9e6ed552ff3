from __future__ import annotations

from typing import Any, Protocol

from django.contrib.auth.models import AbstractUser
from django.db import connection, transaction

from apps.core import events, jobs
from apps.core.logs import request_id
from apps.core.models import Job
from apps.ledger import chain
from apps.ledger.events import Sealed
from apps.ledger.models import Entry, Seal, Unsealed

BATCH = 5000


class OutsideTransaction(RuntimeError):
    """A record that could outlive a change that was rolled back."""


class Subject(Protocol):
    """Any stored row; its kind is `<app>.<model>` in lower case."""

    pk: Any


def record(
    *,
    actor: AbstractUser | None,
    verb: str,
    subject: Subject,
    project_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> Entry:
    """Write one change into the ledger, inside the transaction of the change itself.

    `verb` is `<app>.<past participle>`. `data` holds ids and values, never names, addresses or
    secrets; a change of a field is `{"field": [before, after]}`. `actor=None` is the portal.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(verb)
    limits = getattr(actor, "limits", None)
    return Entry.objects.create(
        actor_id=actor.pk if actor else None,
        token_id=getattr(limits, "token_id", None),
        verb=verb,
        subject_kind=kind_of(subject),
        subject_id=str(subject.pk),
        project_id=project_id,
        data=data or {},
        request_id=request_id.get(),
    )


def kind_of(subject: Subject) -> str:
    """The kind under which the ledger knows a row: `models.version`, `projects.project`."""
    meta = getattr(subject, "_meta", None)
    assert meta is not None
    return f"{meta.app_label}.{meta.model_name}"


def seal(*, wait: bool = True) -> int:
    """Give the committed entries that wait their places in the chain; answers how many it were.

    One sealer works at a time; with `wait=False` a second one leaves the work to the first. An
    entry whose transaction is still open is sealed after its commit, whatever its id.
    """
    total = 0
    while Unsealed.objects.exists() and (sealed := _seal_batch(wait)):
        total += sealed
    return total


def request_verification(*, by: AbstractUser) -> Job:
    """Have the whole chain walked; one walk at a time."""
    return jobs.enqueue("ledger.verify", owner=by, key="whole")


@transaction.atomic
def _seal_batch(wait: bool) -> int:
    if wait:
        chain.lock(chain.SEALING)
    elif not chain.try_lock(chain.SEALING):
        return 0
    place = start = chain.head()
    seals = []
    for row in chain.waiting(BATCH):
        place = chain.Place(place.position + 1, chain.digest(place.hash, row))
        seals.append(Seal(position=place.position, entry_id=row["id"], hash=place.hash))
    Seal.objects.bulk_create(seals)
    Unsealed.objects.filter(pk__in=[seal.entry_id for seal in seals]).delete()
    if seals:
        events.publish(Sealed(first=start.position + 1, last=place.position))
    return len(seals)
