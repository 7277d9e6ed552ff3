"""One time line of an incident, on its page and over REST."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.incidents import services, tickets, timeline
from apps.incidents.models import Incident, Page, Step, TicketComment
from apps.incidents.runbooks import marking
from apps.integrations.models import Connection
from apps.monitoring.models import Alert
from tests.base import PortalTestCase
from tests.incidents.after.base import Scene


class TimelineTests(Scene, PortalTestCase):
    def setUp(self) -> None:
        self.place = self.deploy()
        self.row = self.open(self.place)

    def told(self, kind: str = "") -> list[str]:
        row = Incident.objects.select_related("deployment").get(pk=self.row.pk)
        return [each.text for each in timeline.moments(self.ada, row, kind=kind)]

    def live_through_it(self) -> None:
        """Everything that a time line knows of, once."""
        services.add_note(incident=self.row, text="It is the **feed**.", by=self.rita)
        alert = Alert.objects.create(
            project=self.fraud, deployment=self.place, fingerprint="d", name="drift",
            summary="income drifts", state="resolved", resolved_at=timezone.now(),
        )  # fmt: skip
        services.involve(incident=self.row, alert=alert)
        Page.objects.create(
            incident=self.row, generation=1, round=1, step=1, place=1, user=self.rita,
            due_at=timezone.now(), sent_at=timezone.now(), state="sent", result="rita was told",
        )  # fmt: skip
        jira = Connection.objects.create(project=self.fraud, slug="jira", name="Jira", values={})
        ticket = tickets.link_ticket(incident=self.row, by=self.rita, connection=jira)
        TicketComment.objects.create(
            ticket=ticket, remote_id="1", author="Jo", text="We moved it.", at=timezone.now()
        )
        marking.mark(step=self.take(self.row)[0], done=True, by=self.rita)

    def test_it_tells_of_everything_in_order(self) -> None:
        self.live_through_it()
        told = self.told()
        for text in (
            "Opened", "Note", "drift fires", "drift joined", "drift has recovered", "Paged rita",
            "Ticket linked: signalbox-", "Comment at signalbox-", "Runbook taken", "Step done: Say that you",
            "Release 2 of fraud-live, fraud v2, went live",
        ):  # fmt: skip
            self.assertEqual(len([each for each in told if each.startswith(text)]), 1, text)
        found = timeline.moments(self.ada, self.row)
        self.assertEqual(found, sorted(found, key=lambda each: each.at, reverse=True))

    def test_each_kind_can_be_asked_for_alone(self) -> None:
        self.live_through_it()
        whole = timeline.moments(self.ada, self.row)
        for kind in timeline.KINDS:
            alone = timeline.moments(self.ada, self.row, kind=kind)
            self.assertEqual(alone, [each for each in whole if each.kind == kind], kind)
        self.assertEqual(len(self.told("alert")), 3)
        self.assertEqual(self.told("evidence"), [])

    def test_a_release_of_another_day_or_deployment_is_not_told(self) -> None:
        self.assertEqual(len(self.told("release")), 5)
        Incident.objects.update(opened_at=timezone.now() - timedelta(days=30))
        Incident.objects.update(resolved_at=timezone.now() - timedelta(days=29))
        self.assertEqual(self.told("release"), [])
        Incident.objects.update(deployment=None)
        self.assertEqual(self.told("release"), [])

    def test_a_merged_one_and_a_changed_severity_are_named(self) -> None:
        other = services.open_by_hand(
            project=self.fraud, title="The feed", severity="low", by=self.ada
        )
        services.set_severity(incident=self.row, severity="low", by=self.ada)
        services.merge(incident=other, into=self.row, by=self.ada)
        told = self.told("change")
        self.assertIn("Severity changed: high to low", told)
        self.assertIn(f"Took in: {other}", told)

    def test_the_page_shows_it_and_filters_it_by_kind(self) -> None:
        self.live_through_it()
        page = self.row.get_absolute_url()
        self.client.force_login(self.rita)
        answer = self.client.get(page)
        self.assertContains(answer, "It is the <strong>feed</strong>.")
        self.assertContains(answer, "/edit/")
        step = Step.objects.filter(incident=self.row).order_by("position")[0]
        self.assertContains(answer, f'href="/incidents/steps/{step.pk}/"')
        for address in (f"{page}?kind=page", f"{page}state/?kind=page"):
            answer = self.client.get(address)
            self.assertContains(answer, "Paged rita")
            self.assertContains(answer, "state/?kind=page")
            self.assertNotContains(answer, "Comment at")
        self.assertContains(self.client.get(f"{page}?kind=<b>"), "Comment at")
        self.client.force_login(self.carol)
        self.assertNotContains(self.client.get(page), "/edit/")

    def test_the_api_answers_it_and_reads_on(self) -> None:
        self.live_through_it()
        address = f"/api/v1/incidents/{self.row.pk}/timeline/"
        client = self.api(self.carol)
        whole = client.get(address).json()
        self.assertEqual(len(whole), len(self.told()))
        first = client.get(address, {"most": 3}).json()
        self.assertEqual(first, whole[:3])
        rest = client.get(address, {"before": first[-1]["at"]}).json()
        self.assertEqual(rest, [each for each in whole if each["at"] < first[-1]["at"]])
        [note] = client.get(address, {"kind": "note"}).json()
        self.assertEqual((note["actor"], note["detail"]), ("rita", "It is the **feed**."))
        self.assertEqual(client.get(address, {"kind": "gossip"}).status_code, 400)
        self.assertEqual(self.api(self.bob).get(address).status_code, 404)

    def test_the_page_asks_no_more_for_a_longer_one(self) -> None:
        self.client.force_login(self.rita)
        page = self.row.get_absolute_url()
        self.live_through_it()
        before = self.count(page)
        for number in range(20):
            services.add_note(incident=self.row, text=f"Note {number}", by=self.rita)
        self.assertEqual(self.count(page), before)

    def count(self, page: str) -> int:
        """How many queries the page takes, once what is kept between requests is known."""
        self.client.get(page)
        with CaptureQueriesContext(connection) as taken:
            self.client.get(page)
        return len(taken)
