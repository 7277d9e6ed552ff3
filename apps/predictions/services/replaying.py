from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgpack
from django.contrib.auth.models import AbstractUser
from django.db import transaction

from apps.ledger import services as ledger
from apps.predictions import rows
from apps.predictions.errors import NotSetAside
from apps.predictions.models import Kind, SetAside
from apps.predictions.rows import Unreadable
from apps.predictions.services.appending import append
from apps.predictions.services.storing import Outcome, set_aside, store_rows
from apps.predictions.sources import Source
from apps.projects.models import Project

MOST_AT_ONCE = 10_000


@transaction.atomic
def replay(*, source: Source, ids: Sequence[int] | None, by: AbstractUser) -> Outcome:
    """Take set-aside records in once more, those of these ids or all; what still does not fit stays.

    For when the signature or the version was mended. Refuses (`NotSetAside`) where there are none.
    """
    found = _locked(source, ids)
    total = Outcome()
    for kind, again in (
        (Kind.PREDICTION, _append),
        (Kind.TRUTH, _append),
        (Kind.EXCHANGE, _exchanges),
    ):
        chosen = [
            msgpack.unpackb(row.payload, strict_map_key=False) for row in found if row.kind == kind
        ]
        if chosen:
            _add(total, again(source, kind, chosen))
    SetAside.objects.filter(pk__in=[row.pk for row in found]).delete()
    _record(source, by, "predictions.set_aside_replayed", len(found))
    return total


@transaction.atomic
def discard_set_aside(*, source: Source, ids: Sequence[int] | None, by: AbstractUser) -> int:
    """Delete set-aside records, those of these ids or all; how many."""
    found = _locked(source, ids)
    SetAside.objects.filter(pk__in=[row.pk for row in found]).delete()
    _record(source, by, "predictions.set_aside_discarded", len(found))
    return len(found)


def _locked(source: Source, ids: Sequence[int] | None) -> list[SetAside]:
    # Locked, so that two people cannot both take a record in.
    found = SetAside.objects.select_for_update().filter(deployment_id=source.deployment_id)
    found = found.filter(pk__in=ids) if ids is not None else found
    if not (chosen := list(found.order_by("pk")[:MOST_AT_ONCE])):
        raise NotSetAside
    return chosen


def _append(source: Source, kind: Kind, records: Sequence[Any]) -> Outcome:
    return append(source=source, kind=kind, records=records)


def _exchanges(source: Source, kind: Kind, records: Sequence[Any]) -> Outcome:
    outcome = Outcome()
    for exchange in records:
        try:
            found = list(rows.of_exchange(exchange))
        except (Unreadable, KeyError, TypeError, ValueError) as error:
            set_aside(
                source, kind=kind, refused=[(exchange, f"exchange: {error}")], outcome=outcome
            )
            continue
        store_rows(source, kind=kind, found=found)
        outcome.accepted += len(found)
    return outcome


def _add(total: Outcome, more: Outcome) -> None:
    total.accepted += more.accepted
    total.duplicates += more.duplicates
    total.set_aside += more.set_aside


def _record(source: Source, by: AbstractUser, verb: str, count: int) -> None:
    project = Project.objects.get(pk=source.project_id)
    ledger.record(
        actor=by,
        verb=verb,
        subject=project,
        project_id=project.pk,
        data={"deployment": source.deployment_id, "records": count},
    )
