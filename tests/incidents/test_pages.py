"""The pages of incidents: what they show, to whom, and what they let people do."""

from __future__ import annotations

from apps.core import live
from apps.docs import services as docs
from apps.incidents import services
from apps.incidents.models import Incident, Ticket
from tests.base import PortalTestCase


class IncidentPageTests(PortalTestCase):
    def opened(self) -> Incident:
        docs.write(
            project=self.fraud,
            kind="runbook",
            body="# Scores\n\n## Steps\n\nWhen scores look odd, roll back.",
            by=self.ada,
        )
        row = services.open_by_hand(
            project=self.fraud, title="<i>odd</i> scores", severity="high", by=self.rita
        )
        services.keep_evidence(row)
        return row

    def test_members_see_it_and_strangers_do_not(self) -> None:
        row = self.opened()
        page = row.get_absolute_url()
        self.client.force_login(self.carol)
        self.assertContains(self.client.get("/incidents/"), "&lt;i&gt;odd&lt;/i&gt; scores")
        for address in (page, f"{page}state/"):
            answer = self.client.get(address)
            self.assertContains(answer, "Owner of Fraud")
            self.assertContains(answer, "When scores look odd, roll back.")
            self.assertContains(answer, "Opened")
        self.assertNotContains(self.client.get(page), "Acknowledge</button>")
        self.assertNotContains(self.client.get("/"), "Open incidents")
        self.assertTrue(live.may_hear(self.carol, row.topic))
        for verb in ("acknowledge", "resolve", "notes", "ticket"):
            self.assertEqual(self.client.post(f"{page}{verb}/").status_code, 403, verb)

        self.client.force_login(self.bob)
        self.assertContains(self.client.get("/incidents/"), "No open incidents")
        for address in (page, f"{page}state/"):
            self.assertEqual(self.client.get(address).status_code, 404)
        self.assertFalse(live.may_hear(self.bob, row.topic))

    def test_a_responder_takes_it_up_writes_and_ends_it(self) -> None:
        row = self.opened()
        page = row.get_absolute_url()
        self.client.force_login(self.rita)
        self.assertContains(self.client.get("/"), "Open incidents")
        self.client.post(f"{page}acknowledge/")
        self.client.post(f"{page}notes/", {"text": "Looking into it."})
        self.assertEqual(self.client.post(f"{page}notes/", {"text": "a\x00"}).status_code, 422)
        self.assertContains(self.client.get(page), "Looking into it.")
        self.assertEqual(self.client.post(f"{page}resolve/", {"reason": ""}).status_code, 422)
        self.client.post(f"{page}resolve/", {"reason": "Rolled back."})
        row.refresh_from_db()
        self.assertEqual((row.state, row.acknowledged_by), ("resolved", self.rita))
        self.assertContains(self.client.get(page), "Rolled back.")
        twice = self.client.post(f"{page}resolve/", {"reason": "again"}, follow=True)
        self.assertContains(twice, "is resolved already")

    def test_the_list_is_filtered_by_state(self) -> None:
        row = self.opened()
        services.resolve(incident=row, by=self.ada, reason="over")
        self.client.force_login(self.ada)
        self.assertContains(self.client.get("/incidents/"), "No open incidents")
        for state in ("all", "resolved"):
            self.assertContains(self.client.get(f"/incidents/?state={state}"), "odd")
        self.assertContains(self.client.get("/incidents/?state=triggered"), "No incident like this")
        self.assertEqual(self.client.get("/incidents/?state=%00&after=x").status_code, 200)

    def test_one_is_opened_by_hand(self) -> None:
        self.client.force_login(self.rita)
        self.assertContains(self.client.get("/incidents/new/"), "in one line")
        sent = {"project": "fraud", "title": "Slow", "severity": "low"}
        answer = self.client.post("/incidents/new/", sent)
        self.assertRedirects(answer, Incident.objects.get().get_absolute_url())
        self.client.force_login(self.carol)
        self.assertContains(self.client.get("/incidents/new/"), "responder role")
        self.assertEqual(self.client.post("/incidents/new/", sent).status_code, 422)

    def test_a_ticket_without_a_tracker_says_what_to_do(self) -> None:
        row = self.opened()
        self.client.force_login(self.rita)
        answer = self.client.post(f"{row.get_absolute_url()}ticket/", follow=True)
        self.assertContains(answer, "Add one under Connections")
        self.assertFalse(Ticket.objects.exists())
