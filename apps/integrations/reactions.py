"""What connections do when something happens in the rooms before them."""

from __future__ import annotations

from apps.integrations import services
from apps.ledger.events import Sealed


def send_on(event: Sealed) -> None:
    """New entries of the ledger are news for the outgoing webhooks."""
    services.sweep()
