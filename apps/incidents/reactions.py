"""What the incidents do when something happens in the rooms before them."""

from __future__ import annotations

from apps.deployments.events import ReleaseWentLive
from apps.deployments.models import Release
from apps.incidents import selectors, services, tickets
from apps.incidents.events import IncidentChanged
from apps.incidents.models import Incident
from apps.integrations.events import DeliveryReceived
from apps.monitoring.events import AlertFired, AlertResolved, AlertReturned
from apps.monitoring.models import Alert


def open_incident(event: AlertFired) -> None:
    """An alert opens an incident."""
    joined = Alert.objects.select_related("deployment", "project")
    services.open_from_alert(joined.get(pk=event.alert_id))


def close_incident(event: AlertResolved) -> None:
    """The monitor has recovered, and so has what its alert opened."""
    services.resolve_with_alert(Alert.objects.get(pk=event.alert_id))


def reopen_incident(event: AlertReturned) -> None:
    """An alert that resolved a moment ago fires again: what it opened goes on."""
    services.reopen_with_alert(Alert.objects.get(pk=event.lead_id))


def gather_again(event: ReleaseWentLive) -> None:
    """What serves has changed: the evidence of open incidents is looked at again."""
    deployment_id = Release.objects.values_list("deployment_id", flat=True).get(pk=event.release_id)
    for incident in Incident.objects.open().filter(deployment_id=deployment_id):
        services.gather(incident)


def level_tickets(event: IncidentChanged) -> None:
    """The tickets of an incident follow it."""
    for ticket in selectors.tickets_of(event.incident_id):
        tickets.request(ticket)


def look_again(event: DeliveryReceived) -> None:
    """A tracker's or pager's webhook is a hint: what it names is looked at, whatever it says."""
    tickets.hint(connection_id=event.connection_id, delivery_id=event.delivery_id)
