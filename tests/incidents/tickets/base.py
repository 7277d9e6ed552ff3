"""What the tests of tickets share: a project with a tracker, and a model of that tracker."""

from __future__ import annotations

import random
from typing import Any

from apps.core.errors import PortalError
from apps.incidents import services, tickets
from apps.incidents.models import Incident, Ticket
from apps.integrations.models import Connection
from tests.base import Cast
from tests.incidents.tickets.remote import Remote

PEOPLE = {"rita": "r-1", "cora": "c-1", "max": "m-1", "ada": "a-1"}
JIRA = {"site": "https://acme.atlassian.net", "email": "bot@acme.org", "project": "ML"}


class WithTracker(Cast):
    """Short ways to link, to look, and to read both sides."""

    def connection(self, slug: str = "jira", **values: Any) -> Connection:
        return Connection.objects.create(
            project=self.fraud, slug=slug, name=slug, values={**JIRA, **values}
        )

    def incident(self, **fields: Any) -> Incident:
        given = {"title": "Income drifts", "severity": "high", "by": self.rita, **fields}
        return services.open_by_hand(project=self.fraud, **given)

    def remote(self, seed: int = 1, **fields: Any) -> Remote:
        return Remote(random.Random(seed), **fields)  # noqa: S311  a test's own luck

    def linked(self, incident: Incident, connection: Connection) -> Ticket:
        return tickets.link_ticket(incident=incident, by=self.rita, connection=connection)

    def map_people(self, connection: Connection, **more: Any) -> None:
        settings = {"people": PEOPLE, **more}
        tickets.set_mapping(
            project=self.fraud, connection=connection, settings=settings, by=self.max
        )

    def look(self, ticket: Ticket, remote: Remote) -> PortalError | None:
        """One look, as the job has it."""
        try:
            tickets.level(ticket=ticket, tracker=remote)
        except PortalError as error:
            tickets.note_failure(ticket=ticket, error=error)
            return error
        return None
