"""What connections say when apps on their left ask for the name behind an entry of the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from apps.core.access import Person
from apps.integrations import selectors
from apps.ledger import subjects
from apps.ledger.subjects import Link


def _connections(user: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.connections(user).filter(pk__in=ids)
    return {str(row.pk): Link(row.name, row.get_absolute_url()) for row in found}


def _deliveries(user: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.outbound(user).filter(pk__in=ids)
    return {str(row.pk): Link(str(row), row.get_absolute_url()) for row in found}


subjects.link("integrations.connection", _connections)
subjects.link("integrations.outbounddelivery", _deliveries)
