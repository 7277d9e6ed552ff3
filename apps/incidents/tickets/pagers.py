"""A pager levelled as a tracker: its fields are the phase and the notes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from django.utils import timezone

from apps.core.errors import NotFound
from apps.incidents.models import Incident, Ticket
from apps.incidents.tickets.errors import NobodyToWake, Settling
from apps.integrations.opening import connector
from apps.integrations.ports import (
    Alarm,
    AlarmState,
    File,
    Pager,
    Phase,
    TicketChange,
    TicketDraft,
    TicketRef,
    TicketState,
    TicketTracker,
)

APPEARS_WITHIN = timedelta(minutes=2)


def tracker_of(ticket: Ticket) -> TicketTracker:
    """The other side of a ticket, ready to be asked."""
    found = connector(ticket.connection)
    if Pager in ticket.connection.entry.provides:
        return PagerTracker(cast(Pager, found), ticket)
    return cast(TicketTracker, found)


class PagerTracker:
    """Alarms as tickets; the alarm's key is the ticket's correlation."""

    priorities: Mapping[str, str] = {}
    takes_files = False

    def __init__(self, pager: Pager, ticket: Ticket) -> None:
        self.pager = pager
        self.ticket = ticket
        self.settles_seconds = pager.settles_seconds
        self.takes_comments = pager.takes_notes

    def find_ticket(self, correlation: str) -> TicketRef | None:
        found = self.pager.find_alarm(correlation)
        return _ref(found) if found else None

    def open_ticket(self, draft: TicketDraft) -> TicketRef:
        self._trigger(draft)
        found = self.pager.find_alarm(draft.correlation)
        return _ref(found) if found else TicketRef(draft.correlation, "")

    def link_back(self, ref: TicketRef, draft: TicketDraft) -> None:
        """The alarm carries its link from the start."""

    def read_ticket(self, key: str) -> TicketState:
        found = self._alarm(key)
        return TicketState(
            ref=_ref(found),
            title=found.title,
            status=found.status,
            phase=found.phase,
            updated_at=found.updated_at,
            comments=found.notes,
        )

    def change_ticket(self, seen: TicketState, change: TicketChange) -> None:
        alarm = self._alarm(seen.ref.key)
        if change.phase == Phase.DONE:
            self.pager.resolve(alarm, change.reason)
        elif change.phase == Phase.WORKING and alarm.phase == Phase.OPEN:
            self.pager.acknowledge(alarm, change.reason)
        elif change.phase in {Phase.OPEN, Phase.WORKING} and alarm.phase == Phase.DONE:
            # No pager opens an alarm again: the same key is triggered anew.
            with contextlib.suppress(NobodyToWake):
                self._trigger(TicketDraft(seen.title, change.reason, seen.ref.key))

    def comment(self, key: str, text: str) -> str:
        self.pager.note(self._alarm(key), text)
        return ""

    def attach(self, key: str, file: File) -> None:
        """Pagers take no files."""

    def keys_in(self, body: Any) -> tuple[str, ...]:
        return self.pager.keys_in(body)

    def _trigger(self, draft: TicketDraft) -> None:
        """Wake somebody, unless the incident ended while the look waited or the pager took its time to answer."""
        incident = Incident.objects.open().filter(pk=self.ticket.incident_id).first()
        if incident is None:
            raise NobodyToWake()
        self.pager.trigger(
            Alarm(draft.correlation, draft.title, draft.body, incident.severity, draft.url)
        )

    def _alarm(self, key: str) -> AlarmState:
        if found := self.pager.find_alarm(key):
            return found
        ticket = self.ticket
        if ticket.opening_at and timezone.now() - ticket.opening_at < APPEARS_WITHIN:
            raise Settling(retry_after=1.0)
        if ticket.remote_closed or not ticket.incident.is_open:
            # Pagers forget what is over.
            return AlarmState(key, key, "", "", "over", Phase.DONE, timezone.now())
        raise NotFound(what=f"alarm {key} at the pager")


def _ref(alarm: AlarmState) -> TicketRef:
    return TicketRef(alarm.key, alarm.url, alarm.id)
