"""What one look has of both sides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from apps.incidents.models import Ticket
from apps.incidents.tickets.errors import Restless
from apps.incidents.tickets.mapping import Mapping
from apps.incidents.tickets.pagers import PagerTracker
from apps.integrations.ports import TicketState, TicketTracker

MOST_WRITES = 60
WINDOW = timedelta(hours=1)


@dataclass(slots=True)
class Sight:
    """A ticket, its tracker, the project's mapping, and the other side as it was read last."""

    ticket: Ticket
    tracker: TicketTracker
    mapping: Mapping
    there: TicketState
    fresh: bool = False  # this look has just opened it

    def carries(self, name: str) -> bool:
        """Whether the other side has such a thing at all: a pager knows phases, and perhaps notes."""
        if isinstance(self.tracker, PagerTracker):
            return name == "phase" or (name == "comments" and self.tracker.takes_comments)
        return True

    def theirs(self) -> dict[str, str]:
        """The fields that flow, as the tracker says them."""
        there = self.there
        return {
            "phase": str(self.mapping.phase_of(there.status, there.phase)),
            "priority": there.priority,
            "assignee": there.assignee,
        }

    def look_again(self) -> None:
        """Read the other side anew."""
        self.there = self.tracker.read_ticket(self.ticket.key)
        self.keep()

    def keep(self) -> None:
        """Show what was read."""
        there = self.there
        Ticket.objects.filter(pk=self.ticket.pk).update(
            label=there.ref.label or self.ticket.label,
            url=there.ref.url or self.ticket.url,
            remote_status=there.status[:100],
            remote_priority=there.priority[:100],
            remote_assignee=there.assignee[:200],
            remote_closed=self.theirs()["phase"] == "done",
        )

    def count_write(self) -> None:
        """Note a write before it is made; raises `Restless` where there are too many."""
        rows = Ticket.objects.filter(pk=self.ticket.pk)
        now = timezone.now()
        if not rows.filter(writes_since__gt=now - WINDOW).update(writes=F("writes") + 1):
            rows.update(writes=1, writes_since=now)
        writes = rows.values_list("writes", flat=True).get()
        if writes > MOST_WRITES:
            raise Restless(writes=MOST_WRITES)
