"""Who reacts to what: the one table that joins the rooms."""

from apps.core import events, journal
from apps.deployments.events import (
    DeploymentConfigured,
    MismatchEnded,
    MismatchFound,
    ReleaseWentLive,
)
from apps.docs import reactions as docs
from apps.incidents import reactions as incidents
from apps.incidents.events import IncidentChanged
from apps.integrations import reactions as integrations
from apps.integrations.events import DeliveryReceived
from apps.ledger import services as ledger
from apps.ledger.events import Sealed
from apps.models.events import AliasMovedOutOfBand
from apps.monitoring import reactions as monitoring
from apps.monitoring.events import AlertFired, AlertJoined, AlertResolved, AlertReturned

journal.install(ledger.record)

events.on(Sealed, integrations.send_on)
events.on(MismatchFound, monitoring.tell_of_mismatch)
events.on(MismatchEnded, monitoring.forget_mismatch)
events.on(AlertFired, incidents.open_incident)
events.on(AlertResolved, incidents.close_incident)
events.on(AlertReturned, incidents.reopen_incident)
events.on(ReleaseWentLive, incidents.gather_again)
events.on(IncidentChanged, incidents.level_tickets)
events.on(DeliveryReceived, incidents.look_again)
events.on(DeliveryReceived, monitoring.take_alerts)
events.on(DeliveryReceived, docs.pull_again)
events.on(AlertJoined, incidents.gather_joined)
events.on(DeploymentConfigured, incidents.gather_configured)
events.on(AliasMovedOutOfBand, incidents.gather_moved)
