"""Alarms levelled as tickets, and the gate that asks for an approved change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

from apps.incidents import gates, services
from apps.incidents.models import Incident, TicketComment
from apps.incidents.tickets.pagers import PagerTracker
from apps.integrations.ports import (
    Alarm,
    AlarmState,
    Change,
    OnCall,
    Phase,
    RemoteComment,
    TicketChange,
    TicketState,
)
from apps.ledger.models import Entry
from tests.base import PortalTestCase
from tests.incidents.tickets.base import WithTracker


class Pagers:
    """A model of a pager: alarms by key; the same key is the same alarm while it is open."""

    settles_seconds = 0.0
    takes_notes = True

    def __init__(self) -> None:
        self.alarms: dict[str, AlarmState] = {}
        self.triggered = 0

    def trigger(self, alarm: Alarm) -> None:
        known = self.alarms.get(alarm.key)
        if known is None or known.phase == Phase.DONE:
            self.triggered += 1
            now = datetime.now(UTC)
            self.alarms[alarm.key] = AlarmState(
                alarm.key, f"P{self.triggered}", "", alarm.title, "open", Phase.OPEN, now
            )

    def find_alarm(self, key: str) -> AlarmState | None:
        return self.alarms.get(key)

    def acknowledge(self, alarm: AlarmState, reason: str) -> None:
        self.move(alarm.key, Phase.WORKING)

    def resolve(self, alarm: AlarmState, reason: str) -> None:
        self.move(alarm.key, Phase.DONE)

    def note(self, alarm: AlarmState, text: str) -> None:
        made = RemoteComment(str(len(alarm.notes)), text, "bot", datetime.now(UTC))
        self.alarms[alarm.key] = replace(alarm, notes=(*alarm.notes, made))

    def on_call(self) -> tuple[OnCall, ...]:
        return ()

    def keys_in(self, body: Any) -> tuple[str, ...]:
        return ()

    def move(self, key: str, phase: Phase) -> None:
        self.alarms[key] = replace(self.alarms[key], phase=phase)


class AlarmTests(WithTracker, PortalTestCase):
    def setUp(self) -> None:
        self.row = self.incident()
        self.ticket = self.linked(self.row, self.connection("pagerduty"))
        self.pager = Pagers()
        self.there: Any = PagerTracker(self.pager, self.ticket)

    def test_an_alarm_is_raised_once_and_followed(self) -> None:
        for _ in range(3):
            self.assertIsNone(self.look(self.ticket, self.there))
        self.assertEqual(self.pager.triggered, 1)
        self.pager.move(self.ticket.correlation, Phase.WORKING)
        self.look(self.ticket, self.there)
        self.assertEqual(Incident.objects.get().state, "acknowledged")
        services.add_note(incident=self.row, text="Rolled back.", by=self.rita)
        services.resolve(incident=self.row, by=self.rita, reason="Recovered.")
        for _ in range(3):
            self.assertIsNone(self.look(self.ticket, self.there))
        alarm = self.pager.alarms[self.ticket.correlation]
        self.assertEqual((alarm.phase, len(alarm.notes)), (Phase.DONE, 2))
        self.assertFalse(TicketComment.objects.exists())

    def test_nobody_is_woken_for_what_was_over_before(self) -> None:
        services.resolve(incident=self.row, by=self.rita, reason="Recovered.")
        for _ in range(2):
            self.assertIsNone(self.look(self.ticket, self.there))
        self.assertEqual(self.pager.triggered, 0)
        self.ticket.refresh_from_db()
        self.assertEqual(self.ticket.asked, self.ticket.answered)
        self.assertIn("nobody was woken", self.ticket.trouble)
        self.assertEqual(Entry.objects.filter(verb="incidents.alarm_spared").count(), 1)
        services.reopen(incident=self.row, by=self.rita, reason="It is back.")
        self.assertIsNone(self.look(self.ticket, self.there))
        self.ticket.refresh_from_db()
        self.assertEqual((self.pager.triggered, self.ticket.trouble), (1, ""))
        self.assertEqual(self.pager.alarms[self.ticket.correlation].phase, Phase.OPEN)

    def test_nobody_is_woken_where_it_ends_while_the_pager_is_asked(self) -> None:
        found = self.pager.find_alarm

        def slowly(key: str) -> AlarmState | None:
            if self.row.state == "triggered":
                services.resolve(incident=self.row, by=self.rita, reason="Recovered.")
            return found(key)

        with mock.patch.object(self.pager, "find_alarm", slowly):
            self.assertIsNone(self.look(self.ticket, self.there))
        self.assertEqual(self.pager.triggered, 0)

    def test_an_opening_that_was_cut_short_is_resolved_with_its_incident(self) -> None:
        with (
            mock.patch("apps.incidents.tickets.leveling._keep_ref", side_effect=ValueError),
            self.assertRaises(ValueError),
        ):
            self.look(self.ticket, self.there)
        self.assertEqual(self.pager.triggered, 1)
        services.resolve(incident=self.row, by=self.rita, reason="Recovered.")
        self.assertIsNone(self.look(self.ticket, self.there))
        self.assertEqual(self.pager.alarms[self.ticket.correlation].phase, Phase.DONE)
        self.assertEqual(self.pager.triggered, 1)

    def test_an_alarm_is_not_raised_again_where_its_incident_ends_meanwhile(self) -> None:
        self.look(self.ticket, self.there)
        services.resolve(incident=self.row, by=self.rita, reason="Recovered.")
        self.look(self.ticket, self.there)
        services.reopen(incident=self.row, by=self.rita, reason="It is back.")
        trigger = self.there.change_ticket

        def late(seen: TicketState, change: TicketChange) -> None:
            services.resolve(incident=self.row, by=self.rita, reason="Gone again.")
            trigger(seen, change)

        with mock.patch.object(self.there, "change_ticket", late):
            self.assertIsNone(self.look(self.ticket, self.there))
        self.assertEqual(self.pager.triggered, 1)
        self.assertIsNone(self.look(self.ticket, self.there))
        self.assertEqual(self.pager.alarms[self.ticket.correlation].phase, Phase.DONE)

    def test_what_the_pager_forgot_is_over(self) -> None:
        self.look(self.ticket, self.there)
        services.resolve(incident=self.row, by=self.rita, reason="Recovered.")
        self.look(self.ticket, self.there)
        self.pager.alarms.clear()
        self.ticket.refresh_from_db()
        self.ticket.opening_at = None
        self.assertIsNone(self.look(self.ticket, PagerTracker(self.pager, self.ticket)))  # type: ignore[arg-type]
        self.assertEqual(self.pager.triggered, 1)


class ChangeGateTests(PortalTestCase):
    def test_each_state_of_a_change_has_its_sentence(self) -> None:
        cases = {
            (None, False): (False, "waits for approval"),
            (False, False): (False, "was rejected"),
            (True, False): (True, "is approved"),
            (True, True): (False, "used up"),
        }
        for (approved, closed), (passed, words) in cases.items():
            found = gates._finding(Change("CHG1", "https://x", "-1", approved, closed))
            self.assertEqual(found.passed, passed)
            self.assertIn(words, found.sentence)
        self.assertFalse(gates._finding(None).passed)

    def test_without_a_connection_it_does_not_pass_and_says_why(self) -> None:
        model = SimpleNamespace(project=self.fraud)
        candidate: Any = SimpleNamespace(version=SimpleNamespace(model=model))
        found = gates.approved_change(candidate, gates.ApprovedChange())
        self.assertFalse(found.passed)
        self.assertIn("ChangeControl", found.sentence)
