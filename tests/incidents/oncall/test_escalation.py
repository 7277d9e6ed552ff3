"""Whom an incident pages when, and what stops it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import ec
from django.core import mail
from django.db.models import Min
from django.test import override_settings

from apps.accounts.models import User
from apps.core.errors import PortalError
from apps.incidents import services
from apps.incidents.models import Call, ContactRule, Incident, Page
from apps.incidents.oncall import contacts, paging, policies, push, schedules, selectors, sending
from apps.incidents.oncall.errors import NobodyLeft, NotPaging, StillNeeded
from apps.ledger.models import Entry
from apps.monitoring.models import Alert
from apps.projects.models import Project
from portal.mail import Mail
from tests.base import PortalTestCase
from tests.incidents.oncall.base import VirtualClock, incident_of, policy_of, schedule_of, virtual


@override_settings(MAIL=Mail(host="mail.example.org"))
class EscalationTests(PortalTestCase):
    def beat(self, hands: VirtualClock, minutes: float) -> None:
        """Let so much time go by, second by second where something is due."""
        until = hands.uptime + minutes * 60
        while hands.uptime < until:
            hands.wait(min(max(self.seconds_to_wait(hands), 1), until - hands.uptime))
            paging.page_due()
            for pk in Call.objects.due(hands.now).values_list("pk", flat=True):
                sending.send(call_id=pk)

    def seconds_to_wait(self, hands: VirtualClock) -> float:
        """Whole seconds until something is due, as the beat would count them."""
        due = [
            table.objects.filter(state="waiting").aggregate(first=Min("due_at"))["first"]
            for table in (Page, Call)
        ]
        first = min((one for one in due if one), default=hands.now + timedelta(days=1))
        return math.ceil((first - hands.now).total_seconds())

    def told(self) -> list[tuple[int, str]]:
        """Minutes since the opening, and who was told."""
        found = Page.objects.filter(state="sent").order_by("sent_at", "pk")
        begun = found[0].due_at if found else None
        return [(round((page.sent_at - begun).total_seconds() / 60), page.result) for page in found]  # type: ignore[operator]

    def test_each_step_comes_to_the_second_and_rounds_follow(self) -> None:
        primary = schedule_of(self.fraud, self.rita, by=self.ada)
        policy_of(self.fraud, (0, [primary]), (5, [self.cora]), by=self.ada, repeats=1)
        with virtual() as hands:
            incident = incident_of(self.fraud, by=self.carol)
            self.beat(hands, 30)
        self.assertEqual(
            self.told(),
            [(0, "rita is told"), (5, "cora is told"), (20, "rita is told"), (25, "cora is told")],
        )
        for page in Page.objects.filter(incident=incident):
            self.assertLess(page.sent_at - page.due_at, timedelta(seconds=1.001))  # type: ignore[operator]
        self.assertEqual(
            [letter.to for letter in mail.outbox][:2], [["rita@example.org"], ["cora@example.org"]]
        )
        self.assertEqual(Entry.objects.filter(verb="incidents.paged").count(), 4)

    def test_steps_keep_their_distance_across_daylight_saving(self) -> None:
        # Berlin goes from 02:00 to 03:00 in spring, and from 03:00 back to 02:00 in autumn: at 01:00 UTC.
        # At 02:30 cora takes over; the clock shows that or more at 01:00 UTC in spring, and first at 00:30 in autumn.
        for change, handed in (
            (datetime(2025, 3, 30, 1, tzinfo=UTC), 60),
            (datetime(2025, 10, 26, 1, tzinfo=UTC), 30),
        ):
            begun = change - timedelta(hours=1)
            people = (self.rita, self.cora)
            night = schedule_of(
                self.fraud, *people, by=self.ada, starts_on=begun.date() - timedelta(days=1),
                hand_over=time(2, 30), unit="days",
            )  # fmt: skip
            steps = (0, 29, 2, 28, 2, 59, 2)
            policy = policy_of(
                self.fraud, *((minutes, [night]) for minutes in steps), by=self.ada,
                name=f"{change:%B}",
            )  # fmt: skip
            with virtual(begun) as hands:
                incident = incident_of(self.fraud, by=self.carol)
                self.beat(hands, 130)
            after = list(accumulate(steps))
            told = [f"{'rita' if minutes < handed else 'cora'} is told" for minutes in after]
            pages = list(incident.pages.order_by("step"))
            self.assertEqual(
                [page.due_at for page in pages], [begun + timedelta(minutes=each) for each in after]
            )
            self.assertEqual([page.result for page in pages], told)
            for page in pages:
                self.assertLess(page.sent_at - page.due_at, timedelta(seconds=1.001))  # type: ignore[operator]
            policies.remove_policy(policy=policy, by=self.ada)

    def test_an_acknowledgement_stops_everything(self) -> None:
        policy_of(self.fraud, (0, [self.rita]), (5, [self.cora]), by=self.ada)
        contacts.add_rule(user=self.rita, way="mail", after_minutes=3)
        with virtual() as hands:
            incident = incident_of(self.fraud, by=self.carol)
            self.beat(hands, 1)
            services.acknowledge(incident=incident, by=self.rita)
            self.beat(hands, 20)
        self.assertEqual(len(self.told()), 1)
        self.assertEqual(mail.outbox, [])  # the rule of three minutes was stopped, too
        page = Page.objects.get(state="sent")
        self.assertIsNotNone(page.acknowledged_at)
        self.assertEqual(Page.objects.get(state="stopped").result, "the incident is acknowledged")

    def test_nobody_on_call_is_the_owner_then_the_deputy_then_the_admins(self) -> None:
        empty = schedule_of(self.fraud, by=self.ada)
        policy_of(self.fraud, (0, [empty]), by=self.ada)
        for gone, name in ((None, "ada"), (self.ada, "max"), (self.max, "sam")):
            if gone is not None:
                Project.objects.update(deputy=self.max)
                User.objects.filter(pk=gone.pk).update(is_active=False)
            with virtual() as hands:
                incident = incident_of(self.fraud, by=self.carol)
                self.beat(hands, 0.1)
            result = Page.objects.get(incident=incident).result
            self.assertEqual(result, f"Nobody is on call at {empty}; {name} is told instead")

    def test_who_cannot_be_reached_is_said_and_the_owner_is_told(self) -> None:
        self.rita.email = ""
        self.rita.save()
        policy_of(self.fraud, (0, [self.rita]), by=self.ada)
        with virtual() as hands:
            incident_of(self.fraud, by=self.carol)
            self.beat(hands, 0.1)
        self.assertEqual(self.told()[0][1], "Rita has no way to be reached; ada is told instead")

    def test_a_higher_severity_is_planned_anew_only_under_another_policy(self) -> None:
        policy_of(self.fraud, (0, [self.rita]), (5, [self.cora]), by=self.ada)
        policy_of(self.fraud, (0, [self.max]), by=self.ada, severity="critical", name="all hands")
        with virtual() as hands:
            incident = incident_of(self.fraud, by=self.carol, severity="low")
            self.beat(hands, 1)
            self.change(incident, "medium")
            self.beat(hands, 1)
            self.assertEqual(len(self.told()), 1)
            self.change(incident, "critical")
            self.beat(hands, 10)
        self.assertEqual([said for _, said in self.told()], ["rita is told", "max is told"])

    def change(self, incident: Incident, severity: str) -> None:
        incident.severity = severity
        incident.save()
        paging.follow(incident)

    def test_one_that_returns_pages_again(self) -> None:
        policy_of(self.fraud, (0, [self.rita]), by=self.ada)
        with virtual() as hands:
            incident = incident_of(self.fraud, by=self.carol)
            self.beat(hands, 0.1)
            services.resolve(incident=incident, by=self.rita, reason="over")
            Incident.objects.filter(pk=incident.pk).update(state="triggered", resolved_at=None)
            paging.catch_up()
            self.beat(hands, 0.1)
        self.assertEqual(len(self.told()), 2)

    def test_a_silence_holds_a_page_and_its_end_sends_it(self) -> None:
        policy_of(self.fraud, (0, [self.rita]), by=self.ada)
        alert = Alert.objects.create(
            project=self.fraud, name="a", summary="a", fingerprint="f", silenced=True
        )
        with virtual() as hands:
            services.open_from_alert(alert)
            self.beat(hands, 1)
            self.assertEqual(self.told(), [])
            Alert.objects.update(silenced=False)
            self.beat(hands, 0.1)
        self.assertEqual(len(self.told()), 1)

    def test_page_the_next_sends_it_now_and_the_others_earlier(self) -> None:
        policy_of(self.fraud, (0, [self.rita]), (10, [self.cora]), (10, [self.max]), by=self.ada)
        with virtual() as hands:
            incident = incident_of(self.fraud, by=self.carol)
            self.beat(hands, 2)
            paging.page_the_next(incident=incident, by=self.rita)
            self.beat(hands, 12)
            self.assertEqual([round(at) for at, _ in self.told()], [0, 2, 12])
            with self.assertRaises(NobodyLeft):
                paging.page_the_next(incident=incident, by=self.rita)
            services.acknowledge(incident=incident, by=self.rita)
            with self.assertRaises(NotPaging):
                paging.page_the_next(incident=incident, by=self.rita)

    def test_quiet_hours_put_off_what_makes_noise_unless_it_is_critical(self) -> None:
        policy_of(self.fraud, (0, [self.rita]), by=self.ada)
        contacts.set_quiet_hours(user=self.rita, begins=time(11), ends=time(13))
        browser = self.browser()
        with virtual() as hands:
            incident_of(self.fraud, by=self.carol)
            paging.page_due()
            loud = Call.objects.get(push=browser)
            quiet = Call.objects.get(way="mail")
            self.assertEqual(loud.due_at - hands.now, timedelta(hours=1))
            self.assertEqual(quiet.due_at, hands.now)
            incident_of(self.fraud, by=self.carol, severity="critical")
            paging.page_due()
            self.assertEqual(Call.objects.filter(push=browser).latest("pk").due_at, hands.now)

    def browser(self) -> contacts.PushSubscription:

        key = push.encoded(push.raw(ec.generate_private_key(push.CURVE).public_key()))
        return contacts.subscribe(
            user=self.rita, endpoint="https://push.example/a", key=key, auth=push.encoded(bytes(16))
        )

    def test_a_message_that_is_not_taken_is_tried_again_and_given_up(self) -> None:
        policy_of(self.fraud, (0, [self.rita]), by=self.ada)
        with virtual() as hands:
            incident_of(self.fraud, by=self.carol)
            with mock.patch.object(sending, "_mail", side_effect=PortalError()):
                self.beat(hands, 2)
        one = Call.objects.get(way="mail")
        self.assertEqual((one.state, one.attempts), ("dead", sending.MOST_REFUSALS))
        self.assertEqual(Entry.objects.filter(verb="incidents.call_given_up").count(), 1)

    def test_a_schedule_that_is_paged_stays(self) -> None:
        primary = schedule_of(self.fraud, self.rita, by=self.ada)
        policy = policy_of(self.fraud, (0, [primary]), by=self.ada)
        with self.assertRaises(StillNeeded):
            schedules.remove_schedule(schedule=primary, by=self.ada)
        policies.remove_policy(policy=policy, by=self.ada)
        schedules.remove_schedule(schedule=primary, by=self.ada)
        self.assertEqual(selectors.now(self.fraud).standings, [])

    def test_a_rule_of_a_person_is_kept_once(self) -> None:
        contacts.add_rule(user=self.rita, way="mail")
        with self.assertRaises(PortalError):
            contacts.add_rule(user=self.rita, way="mail")
        self.assertEqual(ContactRule.objects.count(), 1)
