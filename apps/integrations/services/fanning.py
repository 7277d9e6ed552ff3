"""From the ledger to deliveries, by position: an entry that commits late is not skipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from apps.integrations import catalog
from apps.integrations.models import Connection, OutboundDelivery
from apps.integrations.ports import OutgoingHook
from apps.ledger import cursors
from apps.ledger.cursors import Sealed
from apps.ledger.models import Entry

READER = "integrations.webhooks"
# What deliveries themselves write must not become deliveries: a dead receiver would feed itself.
OWN = "integrations.delivery_"


@dataclass(frozen=True, slots=True)
class Receiver:
    """One outgoing hook, and what it may hear of."""

    connection: Connection
    hook: OutgoingHook

    def hears(self, entry: Entry) -> bool:
        mine = self.connection.project_id in {None, entry.project_id}
        return mine and entry.at >= self.connection.created_at and self.hook.wants(entry.verb)


def fan_out() -> int:
    """Write a delivery for each receiver of each new entry. Safe to run twice."""
    return cursors.drain(READER, handle=_write)


def _write(sealed: Sequence[Sealed]) -> None:
    if receivers := _receivers():
        deliveries = _deliveries(sealed, receivers)
        OutboundDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)


def _receivers() -> list[Receiver]:
    rows = Connection.objects.enabled().filter(slug__in=catalog.providing(OutgoingHook))
    return [Receiver(row, cast(OutgoingHook, row.entry.load().sketch(row.values))) for row in rows]


def _deliveries(
    sealed: Sequence[Sealed], receivers: Sequence[Receiver]
) -> Iterator[OutboundDelivery]:
    for place in sealed:
        if place.entry.verb.startswith(OWN):
            continue
        for receiver in receivers:
            if receiver.hears(place.entry):
                yield _delivery(receiver.connection, place)


def _delivery(connection: Connection, place: Sealed) -> OutboundDelivery:
    entry = place.entry
    return OutboundDelivery(
        connection=connection,
        key=f"entry_{entry.pk}",
        kind=entry.verb,
        happened_at=entry.at,
        payload={
            "entry": entry.pk,
            "position": place.position,
            "subject": {"kind": entry.subject_kind, "id": entry.subject_id},
            "project": entry.project_id,
            "actor": entry.actor_id,
            "changes": entry.data,
        },
    )
