"""What the incidents do when something happens in the rooms before them."""

from __future__ import annotations

from apps.deployments.events import DeploymentConfigured, ReleaseWentLive
from apps.deployments.models import Deployment, Release
from apps.incidents import selectors, services, tickets
from apps.incidents.events import IncidentChanged
from apps.incidents.models import Incident
from apps.integrations.events import DeliveryReceived
from apps.models.events import AliasMovedOutOfBand
from apps.monitoring.events import AlertFired, AlertJoined, AlertResolved, AlertReturned
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
    joined = Alert.objects.select_related("deployment", "project")
    services.go_on_with_alert(joined.get(pk=event.lead_id))


def gather_again(event: ReleaseWentLive) -> None:
    """What serves has changed: the evidence of open incidents is looked at again."""
    deployment_id = Release.objects.values_list("deployment_id", flat=True).get(pk=event.release_id)
    for incident in Incident.objects.open().filter(deployment_id=deployment_id):
        services.gather(incident, reason="a release went live")


def gather_joined(event: AlertJoined) -> None:
    """Another alert joined the first one: it may tell what else moved."""
    for incident in Incident.objects.open().filter(alert_id=event.lead_id):
        services.gather(incident, reason="another alert joined")


def gather_configured(event: DeploymentConfigured) -> None:
    """Another configuration is in force where an incident is open."""
    for incident in Incident.objects.open().filter(deployment_id=event.deployment_id):
        services.gather(incident, reason="the configuration changed")


def gather_moved(event: AliasMovedOutOfBand) -> None:
    """An alias moved around the portal, of a model whose deployment has an open incident."""
    here = {"model_id": event.model_id, "environment_id": event.environment_id}
    for place in Deployment.objects.filter(**here):
        for incident in Incident.objects.open().filter(deployment=place):
            services.gather(incident, reason="an alias moved around the portal")


def level_tickets(event: IncidentChanged) -> None:
    """The tickets of an incident follow it."""
    for ticket in selectors.tickets_of(event.incident_id):
        tickets.request(ticket)


def look_again(event: DeliveryReceived) -> None:
    """A tracker's or pager's webhook is a hint: what it names is looked at, whatever it says."""
    tickets.hint(connection_id=event.connection_id, delivery_id=event.delivery_id)
