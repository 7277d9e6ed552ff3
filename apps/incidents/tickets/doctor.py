"""What the pages about tickets read: what is in step, what is not, and what a mapping would do."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from apps.core import access
from apps.core.access import Person, Role
from apps.incidents.models import Ticket, TicketConflict
from apps.incidents.tickets import mapping as mappings
from apps.incidents.tickets import ours
from apps.integrations import catalog
from apps.integrations.models import Connection
from apps.integrations.ports import Pager, TicketTracker
from apps.projects.models import Project

PREVIEWED = 10
REFUSED = Count("posts", filter=Q(posts__state="given_up"))


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One field of one ticket under a mapping that is not kept yet."""

    ticket: Ticket
    field: str
    ours: str
    theirs: str
    says: str


def trackers(user: Person) -> QuerySet[Connection]:
    """The trackers and pagers that the person may know of."""
    slugs = {slug for port in (TicketTracker, Pager) for slug in catalog.providing(port)}
    mine = Q(tickets__incident__project_id__in=access.project_ids(user))
    known = Q(pk__in=Connection.objects.visible_to(user)) | Q(
        pk__in=Connection.objects.filter(mine).values("pk")
    )
    here = Q(tickets__incident__project_id__in=access.project_ids(user))
    found = Connection.objects.filter(known, slug__in=slugs).select_related("project")
    return found.annotate(
        held=Count("tickets", filter=here, distinct=True),
        given_up=Count("tickets", filter=here & Q(tickets__dead_at__isnull=False), distinct=True),
    )


def tickets(user: Person, connection: Connection) -> QuerySet[Ticket]:
    """The tickets behind a connection that the person may see."""
    found = Ticket.objects.visible_to(user).filter(connection=connection)
    return found.select_related("incident__project").annotate(refused=REFUSED)


def conflicts(user: Person, connection: Connection) -> list[TicketConflict]:
    """The conflicts that wait for a person."""
    found = TicketConflict.objects.visible_to(user).filter(settled_at=None)
    return list(found.filter(ticket__connection=connection)[:50])


def figures(user: Person, connection: Connection) -> dict[str, int]:
    """How many tickets there are, wait, rest and were given up."""
    rows = Ticket.objects.visible_to(user).filter(connection=connection)
    found: dict[str, int] = rows.aggregate(
        all=Count("pk"),
        waiting=Count("pk", filter=~Q(asked=F("answered")) & Q(dead_at=None)),
        resting=Count("pk", filter=Q(next_try_at__isnull=False)),
        dead=Count("pk", filter=Q(dead_at__isnull=False)),
    )
    return found


def projects(user: Person, connection: Connection) -> list[Project]:
    """The projects whose mapping the person may set for a connection."""
    mine = Project.objects.visible_to(user, Role.MAINTAINER).filter(archived_at=None)
    return list(mine.filter(pk=connection.project_id) if connection.project_id else mine[:50])


def kept(user: Person) -> set[int]:
    """The ids of the projects that the person maintains."""
    rows = Project.objects.visible_to(user, Role.MAINTAINER)
    return set(rows.values_list("pk", flat=True))


def preview(project: Project, connection: Connection, settings: Map[str, Any]) -> list[Foreseen]:
    """What the newest tickets would say under a mapping, field by field; nothing is sent or kept.

    `Invalid` names the setting that cannot be used.
    """
    mapping = mappings.read(settings)
    proposed = getattr(connection.entry.load(), "priorities", {})
    rows = Ticket.objects.filter(connection=connection, incident__project=project).exclude(key="")
    newest = rows.select_related("incident__acknowledged_by").order_by("-pk")[:PREVIEWED]
    return [line for ticket in newest for line in _foreseen(ticket, mapping, proposed)]


def _foreseen(ticket: Ticket, mapping: mappings.Mapping, proposed: Map[str, str]) -> list[Foreseen]:
    here = ours.values(ticket.incident)
    there = {"priority": ticket.remote_priority, "assignee": ticket.remote_assignee}
    lines = [
        Foreseen(ticket, name, here[name] or "nobody", there[name] or "nobody", says)
        for name in there
        for says in [_says(mapping, name, here[name], there[name], proposed)]
    ]
    phase = mapping.phases.get(ticket.remote_status)
    means = f"means {phase}" if phase else "as the tracker judges"
    return [Foreseen(ticket, "phase", here["phase"], ticket.remote_status, means), *lines]


def _says(
    mapping: mappings.Mapping, name: str, ours_: str, theirs: str, proposed: Map[str, str]
) -> str:
    there = mapping.there(name, ours_, proposed)
    here = mapping.here(name, theirs, proposed)
    if there == theirs or here == ours_:
        return "the same"
    if there is None:
        return "no word there: stays apart"
    if here is None:
        return "no word here: stays apart"
    return f"{ours_ or 'nobody'} is {there or 'nobody'} there"
