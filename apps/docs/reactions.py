"""What documents do when something happens in the rooms before them."""

from __future__ import annotations

from apps.docs import selectors, services
from apps.integrations.events import DeliveryReceived


def pull_again(event: DeliveryReceived) -> None:
    """A push arrived over a connection: the repositories that listen to it are read."""
    for source in selectors.sources_behind(event.connection_id):
        services.request_pull(source=source)
