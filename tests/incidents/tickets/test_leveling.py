"""One look at a ticket: what flows, what is asked of a person, and what is never overwritten."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.errors import NotFound
from apps.core.http import Busy, Denied
from apps.incidents import selectors, services, tickets
from apps.incidents.models import Incident, Ticket, TicketComment, TicketConflict, TicketPost
from apps.incidents.tickets import linking
from apps.incidents.tickets.errors import AlreadySettled, Settling
from apps.integrations.ports import Phase, TicketState
from tests.base import PortalTestCase
from tests.incidents.tickets.base import WithTracker
from tests.incidents.tickets.remote import Killed, Remote


class LevelTests(WithTracker, PortalTestCase):
    def setUp(self) -> None:
        self.there = self.remote()
        self.jira = self.connection()
        self.map_people(self.jira)
        self.row = self.incident()
        self.ticket = self.linked(self.row, self.jira)
        self.assertIsNone(self.look(self.ticket, self.there))

    def state(self) -> TicketState:
        return self.there.tickets["T-1"]

    def here(self) -> Incident:
        return Incident.objects.get(pk=self.row.pk)

    def test_it_opens_one_ticket_with_severity_and_link(self) -> None:
        self.look(self.ticket, self.there)
        self.assertEqual(len(self.there.opened), 1)
        self.assertEqual(self.state().priority, "P2")
        row = Ticket.objects.get()
        self.assertEqual((row.key, row.asked > 0, row.answered), ("T-1", True, row.asked))

    def test_what_changed_here_is_told_there(self) -> None:
        services.acknowledge(incident=self.row, by=self.rita)
        self.look(self.ticket, self.there)
        self.assertEqual((self.state().phase, self.state().assignee), (Phase.WORKING, "r-1"))
        services.resolve(incident=self.here(), by=self.rita, reason="Rolled back.")
        self.look(self.ticket, self.there)
        self.assertEqual(self.state().phase, Phase.DONE)

    def test_what_changed_there_is_taken_here(self) -> None:
        self.there.edit("T-1", phase=Phase.WORKING, priority="P1", assignee="c-1")
        self.look(self.ticket, self.there)
        row = self.here()
        self.assertEqual((row.state, row.severity), ("acknowledged", "critical"))
        self.assertEqual(row.acknowledged_by, self.cora)
        self.there.edit("T-1", phase=Phase.DONE)
        self.look(self.ticket, self.there)
        self.assertEqual(self.here().state, "resolved")
        self.there.edit("T-1", phase=Phase.OPEN)
        self.look(self.ticket, self.there)
        self.assertEqual(self.here().state, "triggered")

    def test_a_ticket_that_is_opened_again_wakes_what_was_closed(self) -> None:
        services.resolve(incident=self.row, by=self.rita, reason="Rolled back.")
        services.close(incident=self.row, by=self.rita)
        self.look(self.ticket, self.there)
        self.there.edit("T-1", phase=Phase.OPEN)
        self.look(self.ticket, self.there)
        row = self.here()
        self.assertEqual(
            (row.state, row.resolved_at, row.closed_at, row.by_hand),
            ("triggered", None, None, False),
        )

    def test_a_ticket_that_is_opened_again_leaves_what_was_merged(self) -> None:
        home = self.incident(title="The whole feed")
        services.merge(incident=self.row, into=home, by=self.rita)
        self.look(self.ticket, self.there)
        self.there.edit("T-1", phase=Phase.WORKING)
        self.look(self.ticket, self.there)
        self.assertEqual((self.here().state, self.here().merged_into), ("closed", home))
        self.assertEqual(TicketConflict.objects.get().theirs, Phase.WORKING)
        self.assertIn("is merged and cannot be opened again", Ticket.objects.get().apart["phase"])

    def test_a_level_ticket_is_only_read(self) -> None:
        self.look(self.ticket, self.there)
        before, calls = self.state(), self.there.calls
        self.look(self.ticket, self.there)
        self.assertEqual((self.state(), self.there.calls), (before, calls + 1))

    def test_a_hint_during_a_look_is_looked_at_after_it(self) -> None:
        read = self.there.read_ticket

        def read_and_go_on(key: str) -> TicketState:
            seen = read(key)
            self.there.edit(key, priority="P1")
            linking.request(self.ticket)
            return seen

        with mock.patch.object(self.there, "read_ticket", read_and_go_on):
            self.look(self.ticket, self.there)
        self.assertEqual(self.here().severity, "high")
        self.assertEqual(selectors.unsettled(), [self.ticket])
        self.look(self.ticket, self.there)
        self.assertEqual((self.here().severity, selectors.unsettled()), ("critical", []))

    def test_two_changes_of_one_field_wait_for_a_person(self) -> None:
        Incident.objects.filter(pk=self.row.pk).update(severity="critical")
        self.there.edit("T-1", priority="P4")
        self.look(self.ticket, self.there)
        self.look(self.ticket, self.there)
        conflict = TicketConflict.objects.get()
        self.assertEqual((conflict.ours, conflict.theirs), ("critical", "P4"))
        self.assertEqual((self.here().severity, self.state().priority), ("critical", "P4"))

        tickets.settle(conflict=conflict, keep="theirs", by=self.max)
        self.look(self.ticket, self.there)
        self.assertEqual((self.here().severity, self.state().priority), ("low", "P4"))
        with self.assertRaises(AlreadySettled):
            tickets.settle(conflict=conflict, keep="ours", by=self.max)

    def test_what_changes_after_a_choice_is_not_overwritten_by_it(self) -> None:
        Incident.objects.filter(pk=self.row.pk).update(severity="critical")
        self.there.edit("T-1", priority="P4")
        self.look(self.ticket, self.there)
        tickets.settle(conflict=TicketConflict.objects.get(), keep="ours", by=self.max)
        self.there.edit("T-1", priority="P3")
        self.look(self.ticket, self.there)
        self.assertEqual((self.here().severity, self.state().priority), ("critical", "P3"))
        self.assertEqual(TicketConflict.objects.filter(settled_at=None).count(), 1)

    def test_two_steps_forward_are_no_conflict(self) -> None:
        services.acknowledge(incident=self.row, by=None)
        self.there.edit("T-1", phase=Phase.DONE)
        self.look(self.ticket, self.there)
        self.assertEqual(self.here().state, "resolved")
        self.assertFalse(TicketConflict.objects.exists())

    def test_comments_flow_both_ways_once(self) -> None:
        services.add_note(incident=self.row, text="Looking at the\n\nfeed.", by=self.rita)
        self.there.say("T-1", "We changed the feed.")
        for _ in range(3):
            self.look(self.ticket, self.there)
        texts = [each.text for each in self.state().comments]
        self.assertEqual(len(texts), 2)
        self.assertIn("rita in Signalbox", texts[1])
        self.assertEqual(TicketComment.objects.get().text, "We changed the feed.")

    def test_a_look_at_many_comments_asks_no_more_than_one_at_few(self) -> None:
        for number in range(2):
            self.there.say("T-1", f"There {number}")
            services.add_note(incident=self.row, text=f"Here {number}", by=self.rita)
        before = self.queries()
        for number in range(2, 20):
            self.there.say("T-1", f"There {number}")
            services.add_note(incident=self.row, text=f"Here {number}", by=self.rita)
        self.assertEqual(self.queries(), before)

    def queries(self) -> int:
        """How many queries a look takes at what is level."""
        for _ in range(2):
            self.look(self.ticket, self.there)
        with CaptureQueriesContext(connection) as taken:
            self.look(self.ticket, self.there)
        return len(taken)

    def test_a_quotation_of_ours_is_theirs(self) -> None:
        services.add_note(incident=self.row, text="Is it the feed?", by=self.rita)
        self.look(self.ticket, self.there)
        self.there.say("T-1", f"> {self.state().comments[0].text}\nYes.")
        self.look(self.ticket, self.there)
        self.assertTrue(TicketComment.objects.get().text.endswith("Yes."))

    def test_a_comment_that_was_edited_there_is_shown_as_it_stands(self) -> None:
        self.there.say("T-1", "It is the feed.")
        self.look(self.ticket, self.there)
        edited = self.state().comments[0]
        self.there.edit("T-1", comments=(type(edited)(edited.id, "It is not.", "pat", edited.at),))
        self.look(self.ticket, self.there)
        self.assertEqual(TicketComment.objects.get().text, "It is not.")

    def test_a_person_without_a_name_here_is_left_alone(self) -> None:
        self.there.edit("T-1", assignee="x-9")
        self.look(self.ticket, self.there)
        self.assertEqual((self.state().assignee, self.here().acknowledged_by), ("x-9", None))
        self.assertIn("x-9", Ticket.objects.get().apart["assignee"])

    def test_a_direction_is_kept(self) -> None:
        self.map_people(self.jira, priority="out", phase="none")
        self.there.edit("T-1", priority="P4", phase=Phase.DONE)
        self.look(self.ticket, self.there)
        self.assertEqual((self.here().severity, self.here().state), ("high", "triggered"))

    def test_evidence_is_attached_once(self) -> None:
        services.keep_evidence(self.here())
        for _ in range(3):
            self.look(self.ticket, self.there)
        self.assertEqual(len(self.state().files), 1)


class TroubleTests(WithTracker, PortalTestCase):
    def setUp(self) -> None:
        self.jira = self.connection()
        self.row = self.incident()
        self.ticket = self.linked(self.row, self.jira)

    def wake(self) -> None:
        Ticket.objects.update(next_try_at=None)

    def fresh(self) -> Ticket:
        return Ticket.objects.get(pk=self.ticket.pk)

    def test_an_opening_that_was_cut_short_is_found_and_not_repeated(self) -> None:
        there = self.remote(killing=1.0)
        there.chance.random = iter([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]).__next__  # type: ignore[method-assign]
        with self.assertRaises(Killed):
            tickets.level(ticket=self.ticket, tracker=there)
        self.assertEqual(len(there.opened), 1)
        there.chance.random, there.killing = (lambda: 1.0), 0.0  # type: ignore[method-assign]
        self.assertIsNone(self.look(self.ticket, there))
        self.assertEqual((len(there.opened), self.fresh().key), (1, "T-1"))

    def test_it_waits_for_a_search_that_lags(self) -> None:
        there = self.remote(failing=1.0, found_after=2, settles_seconds=60)
        there.chance.random = iter([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]).__next__  # type: ignore[method-assign]
        self.look(self.ticket, there)
        there.failing, there.chance.random = 0.0, (lambda: 1.0)  # type: ignore[method-assign]
        for _ in range(2):
            self.wake()
            self.assertIsInstance(self.look(self.ticket, there), Settling)
        self.wake()
        self.assertIsNone(self.look(self.ticket, there))
        self.assertEqual(len(there.opened), 1)

    def test_a_busy_tracker_is_left_in_peace_as_long_as_it_asks(self) -> None:
        error = Busy(service="Jira", answered=429, said="", retry_after=7200.0)
        tickets.note_failure(ticket=self.ticket, error=error)
        row = self.fresh()
        assert row.next_try_at
        self.assertGreater(row.next_try_at, timezone.now() + timedelta(seconds=7100))
        there = self.remote()
        self.assertFalse(tickets.level(ticket=row, tracker=there))
        self.assertEqual(there.calls, 0)

    def test_refusals_end_as_a_dead_letter_that_can_be_redelivered(self) -> None:
        for _ in range(3):
            error = Denied(service="Jira", answered=401, said="")
            tickets.note_failure(ticket=self.ticket, error=error)
        self.assertIsNotNone(self.fresh().dead_at)
        there = self.remote()
        self.assertFalse(tickets.level(ticket=self.ticket, tracker=there))
        tickets.redeliver(ticket=self.ticket, by=self.max)
        self.assertIsNone(self.look(self.ticket, there))
        self.assertEqual((len(there.opened), self.fresh().trouble), (1, ""))

    def test_a_day_without_an_answer_is_a_dead_letter(self) -> None:
        error = Busy(service="Jira", answered=503, said="", retry_after=None)
        tickets.note_failure(ticket=self.ticket, error=error)
        self.assertIsNone(self.fresh().dead_at)
        Ticket.objects.update(failing_since=timezone.now() - timedelta(hours=25))
        tickets.note_failure(ticket=self.ticket, error=error)
        self.assertIsNotNone(self.fresh().dead_at)

    def test_one_comment_that_is_refused_stops_nothing_else(self) -> None:
        there = Refusing(self.remote().chance)
        services.add_note(incident=self.row, text="bad words", by=self.rita)
        services.add_note(incident=self.row, text="good words", by=self.rita)
        for _ in range(3):
            self.assertIsNone(self.look(self.ticket, there))
        self.assertEqual([c.text[:4] for c in there.tickets["T-1"].comments], ["good"])
        self.assertEqual(TicketPost.objects.filter(state="given_up").count(), 1)

    def test_a_machine_that_changes_it_back_wins_and_nothing_circles(self) -> None:
        there = Stubborn(self.remote().chance)
        self.look(self.ticket, there)
        services.acknowledge(incident=self.row, by=self.rita)
        for _ in range(10):
            self.look(self.ticket, there)
        self.assertLess(there.calls, 40)

    def test_a_ticket_that_never_rests_is_stopped(self) -> None:
        there = self.remote()
        self.look(self.ticket, there)
        Ticket.objects.update(writes=60, writes_since=timezone.now())
        services.add_note(incident=self.row, text="One more.", by=self.rita)
        self.look(self.ticket, there)
        row = self.fresh()
        self.assertIsNotNone(row.dead_at)
        self.assertIn("within an hour", row.trouble)
        self.assertEqual(len(there.tickets["T-1"].comments), 0)


class Refusing(Remote):
    def comment(self, key: str, text: str) -> str:
        if text.startswith("bad"):
            raise NotFound(what="way to say this")
        return super().comment(key, text)


class Stubborn(Remote):
    """Automation there puts every ticket back to its first status."""

    def change_ticket(self, seen: TicketState, change: object) -> None:
        super().change_ticket(seen, change)  # type: ignore[arg-type]
        self.edit(seen.ref.key, phase=Phase.OPEN, status="To do")
