from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from django.db.models import Q

from apps.core.access import Person, Role, is_site_admin, project_ids
from apps.integrations import catalog
from apps.integrations.errors import NotConnected
from apps.integrations.models import (
    Connection,
    ConnectionQuerySet,
    DeliveryQuerySet,
    InboundDelivery,
    OutboundDelivery,
)
from apps.integrations.opening import connector
from apps.projects.models import Project

Port = TypeVar("Port")


def connector_for(project: Project, port: type[Port]) -> Port:
    """The connector that offers `port` to this project: its own first, then a site-wide one."""
    return cast(Port, connector(connection_for(project, port)))


def connection_for(project: Project, port: type[Any]) -> Connection:
    """The connection behind `connector_for`."""
    offers = Connection.objects.enabled().filter(slug__in=catalog.providing(port)).order_by("pk")
    own = offers.filter(project=project).first()
    if found := own or offers.filter(project=None).first():
        return found
    raise NotConnected(project=project.name, need=port.__name__)


def offers(project: Project, port: type[Any]) -> bool:
    """Whether the project has any connection behind `connector_for`."""
    here = Q(project=project) | Q(project=None)
    slugs = catalog.providing(port)
    return Connection.objects.enabled().filter(here, slug__in=slugs).exists()


def offering(user: Person, project: Project, port: type[Any]) -> ConnectionQuerySet:
    """The connections that offer `port` to this project and that the person may see, to choose from."""
    here = Q(project=project) | Q(project=None)
    found = Connection.objects.visible_to(user).enabled().filter(here)
    return found.filter(slug__in=catalog.providing(port)).select_related("project")


def offering_anywhere(user: Person, *ports: type[Any]) -> ConnectionQuerySet:
    """The connections that offer one of the ports to some project of the person."""
    slugs = {slug for port in ports for slug in catalog.providing(port)}
    found = Connection.objects.visible_to(user).enabled().filter(slug__in=slugs)
    return found.select_related("project").order_by("name", "pk")


def connections(user: Person) -> ConnectionQuerySet:
    """What the person may see, with the project of each."""
    return Connection.objects.visible_to(user).select_related("project")


def keeping(user: Person) -> ConnectionQuerySet:
    """The connections that the person may change."""
    here = Q(project_id__in=project_ids(user, Role.MAINTAINER))
    if is_site_admin(user):
        here |= Q(project=None)
    return Connection.objects.filter(here)


def failing(user: Person) -> ConnectionQuerySet:
    """The connections that the person keeps and that do not answer."""
    return keeping(user).enabled().filter(state=Connection.State.FAILING).select_related("project")


def kept(rows: DeliveryQuerySet, user: Person) -> DeliveryQuerySet:
    """Of these deliveries those whose connection the person may change."""
    return rows.filter(connection__in=keeping(user))


def inbound(user: Person) -> DeliveryQuerySet:
    """What arrived at the connections the person may see, without the bodies."""
    found = InboundDelivery.objects.visible_to(user).defer("body")
    return found.select_related("connection__project")


def outbound(user: Person) -> DeliveryQuerySet:
    """What the connections that the person may see sent."""
    return OutboundDelivery.objects.visible_to(user).select_related("connection__project")


def payload(delivery_id: int) -> Any:
    """The parsed body of a delivery that arrived."""
    body = InboundDelivery.objects.values_list("body", flat=True).get(pk=delivery_id)
    return json.loads(bytes(body))


def narrowed(
    rows: DeliveryQuerySet, connection: Connection, wanted: Mapping[str, Any]
) -> DeliveryQuerySet:
    """The deliveries of one connection, by state and event where these are asked for."""
    asked = {"state": wanted.get("state"), "kind": wanted.get("kind")}
    given = {name: value for name, value in asked.items() if value}
    return rows.filter(connection=connection, **given)


def scopes(user: Person) -> list[tuple[str, str]]:
    """Where the person may add connections: slug and name; "" is the whole site."""
    mine = Project.objects.visible_to(user, Role.MAINTAINER).filter(archived_at=None)
    found = [(project.slug, project.name) for project in mine.only("slug", "name")]
    return [*found, ("", "Site-wide")] if is_site_admin(user) else found


def waiting(connection: Connection) -> int:
    """How many events still wait for this receiver."""
    pending = OutboundDelivery.State.PENDING
    return OutboundDelivery.objects.filter(connection=connection, state=pending).count()
