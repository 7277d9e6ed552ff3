"""Which alerts are told through which connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction

from apps.core.errors import Conflict, Invalid
from apps.integrations import catalog
from apps.integrations.models import Connection
from apps.integrations.ports import Notifier
from apps.monitoring.alerting import matchers
from apps.monitoring.alerting.matchers import Matcher
from apps.monitoring.models import Route, Severity
from apps.monitoring.services.journal import note_rule
from apps.projects.models import Project

SHORTEST, LONGEST = 60, 7 * 86_400  # seconds between two tellings of the same alert


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a route is to tell; `repeat_seconds` 0: once."""

    name: str
    wanted: Sequence[Matcher] = ()
    severities: Sequence[str] = field(default_factory=list)
    tell_resolved: bool = True
    repeat_seconds: int = 14_400
    enabled: bool = True


@transaction.atomic
def create_route(
    *, project: Project, connection: Connection, wanted: Wanted, by: AbstractUser
) -> Route:
    """Tell alerts of a project through one of its connections, or through one of the whole site's."""
    _check_connection(project, connection)
    route = Route(project=project, connection=connection, **_fields(wanted))
    _save(route, by, "monitoring.route_created")
    return route


@transaction.atomic
def change_route(*, route: Route, wanted: Wanted, by: AbstractUser) -> Route:
    """Change what a route tells; what waits on it already is sent as before."""
    for name, value in _fields(wanted).items():
        setattr(route, name, value)
    _save(route, by, "monitoring.route_changed")
    return route


@transaction.atomic
def remove_route(*, route: Route, by: AbstractUser) -> None:
    """Take a route away, with what waits on it."""
    note_rule(route, verb="monitoring.route_removed", by=by, data={"name": route.name})
    route.delete()


def _save(route: Route, by: AbstractUser, verb: str) -> None:
    new = route.pk is None
    try:
        with transaction.atomic():
            route.save()
    except IntegrityError as error:
        reason = f"name: {route.project.name} has a route {route.name} already."
        raise Conflict(reason=reason) from error
    data = {"connection": route.connection_id, "enabled": route.enabled}
    note_rule(route, verb=verb, by=by, data=data if not new else {**data, "name": route.name})


def _fields(wanted: Wanted) -> dict[str, Any]:
    name = wanted.name.strip()
    if not 0 < len(name) <= 100:
        raise Invalid(field="name", reason="1 to 100 characters")
    unknown = set(wanted.severities) - set(Severity.values)
    if unknown:
        reason = f"choose of {', '.join(Severity.values)}"
        raise Invalid(field="severities", reason=reason)
    seconds = wanted.repeat_seconds
    if seconds and not SHORTEST <= seconds <= LONGEST:
        reason = f"0 for once, or {SHORTEST} to {LONGEST} seconds"
        raise Invalid(field="repeat_seconds", reason=reason)
    return {
        "name": name,
        "matchers": [matcher.packed() for matcher in matchers.checked(wanted.wanted)],
        "severities": [*wanted.severities],
        "tell_resolved": wanted.tell_resolved,
        "repeat_seconds": seconds,
        "enabled": wanted.enabled,
    }


def _check_connection(project: Project, connection: Connection) -> None:
    if Notifier not in catalog.entry(connection.slug).provides:
        reason = (
            f"{connection.entry.label} tells nobody; choose a connection for chat, mail or alerts"
        )
        raise Invalid(field="connection", reason=reason)
    if connection.project_id not in {None, project.pk}:
        raise Invalid(field="connection", reason="it belongs to another project")
