"""Pages and API of tickets: what they show, to whom, and what they let people do."""

from __future__ import annotations

import hashlib
import hmac
import json

from django.utils import timezone

from apps.core.models import Job
from apps.incidents import tickets
from apps.incidents.models import Incident, Ticket, TicketConflict, TicketMapping
from apps.integrations import services as integrations
from tests.base import PortalTestCase
from tests.incidents.tickets.base import WithTracker

SECRET = "a-webhook-secret"


class TicketPageTests(WithTracker, PortalTestCase):
    def setUp(self) -> None:
        values = {"site": "https://acme.atlassian.net", "email": "b@acme.org", "project": "ML"}
        self.jira = integrations.create_connection(
            project=self.fraud,
            slug="jira",
            name="Jira",
            values=values,
            secrets={"api_token": "t0ken", "secret": SECRET},
            by=self.sam,
        ).connection
        self.there = self.remote()
        self.row = self.incident()
        self.ticket = self.linked(self.row, self.jira)
        self.look(self.ticket, self.there)
        self.page = f"/incidents/connections/{self.jira.pk}/"

    def conflict(self) -> TicketConflict:
        Incident.objects.update(severity="critical")
        self.there.edit("T-1", priority="P4")
        self.look(self.ticket, self.there)
        return TicketConflict.objects.get()

    def test_the_doctor_shows_tickets_and_conflicts_to_members(self) -> None:
        self.conflict()
        self.there.say("T-1", "We changed <b>the feed</b>.")
        self.look(self.ticket, self.there)
        self.client.force_login(self.carol)
        self.client.get(self.page)  # a session writes itself down at its first request
        with self.assertNumQueries(11):
            answer = self.client.get(self.page)
        self.assertContains(answer, "T-1")
        self.assertContains(answer, "a maintainer decides")
        self.assertNotContains(answer, "Keep ours")
        self.assertContains(self.client.get("/incidents/trackers/"), "Jira")
        incident = self.client.get(self.row.get_absolute_url())
        self.assertContains(incident, "We changed &lt;b&gt;the feed&lt;/b&gt;.")
        self.assertContains(incident, "critical here, P4 there")

        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(self.page).status_code, 404)
        self.assertNotContains(self.client.get("/incidents/trackers/"), "Jira</a>")

    def test_a_maintainer_settles_and_a_responder_does_not(self) -> None:
        address = f"/incidents/ticket-conflicts/{self.conflict().pk}/settle/"
        self.client.force_login(self.rita)
        self.assertEqual(self.client.post(address, {"keep": "ours"}).status_code, 403)
        self.client.force_login(self.max)
        self.assertRedirects(self.client.post(address, {"keep": "ours"}), self.page)
        self.look(self.ticket, self.there)
        self.assertEqual(self.there.tickets["T-1"].priority, "P1")
        answer = self.client.post(address, {"keep": "theirs"}, follow=True)
        self.assertContains(answer, "settled already")

    def test_a_mapping_is_previewed_before_it_is_kept(self) -> None:
        address = f"{self.page}projects/fraud/"
        sent = {
            "phase": "both", "priority": "both", "assignee": "both", "comments": "out",
            "evidence": "on", "people": "rita = r-1", "priorities": "high = Blocker",
        }  # fmt: skip
        self.client.force_login(self.rita)
        self.assertEqual(self.client.get(address).status_code, 403)
        self.client.force_login(self.sam)
        elsewhere = f"{self.page}projects/weather/"
        self.assertEqual(self.client.get(elsewhere).status_code, 404)
        self.client.force_login(self.max)
        self.assertContains(self.client.get(address), "Preview")
        shown = self.client.post(address, {**sent, "preview": "1"})
        self.assertContains(shown, "T-1")
        self.assertContains(shown, "no word here")
        self.assertFalse(TicketMapping.objects.exists())
        for bent in ({"statuses": "nonsense"}, {"statuses": "never = Done"}, {"phase": "up"}):
            self.assertEqual(self.client.post(address, {**sent, **bent}).status_code, 422, bent)
        self.assertRedirects(self.client.post(address, sent), self.page)
        kept = tickets.mapping_of(self.fraud.pk, self.jira.pk)
        self.assertEqual((kept.comments, kept.people), ("out", {"rita": "r-1"}))
        self.assertContains(self.client.get(address), "rita = r-1")

    def test_a_dead_letter_is_redelivered(self) -> None:
        address = f"/incidents/tickets/{self.ticket.pk}/redeliver/"
        self.client.force_login(self.max)
        self.assertContains(self.client.post(address, follow=True), "was not given up")
        Ticket.objects.update(dead_at=timezone.now(), trouble="It refused.")
        self.assertContains(self.client.get(self.page), "It refused.")
        self.client.post(address)
        self.assertIsNone(Ticket.objects.get().dead_at)

    def test_the_api_settles_redelivers_and_chooses(self) -> None:
        conflict = self.conflict()
        api = self.api(self.max)
        found = api.get("/api/v1/ticket-conflicts/?settled=false").json()["results"]
        self.assertEqual([row["ours"] for row in found], ["critical"])
        address = f"/api/v1/ticket-conflicts/{conflict.pk}/settle/"
        self.assertEqual(
            self.api(self.rita).post(address, {"keep": "ours"}, format="json").status_code, 403
        )
        self.assertEqual(api.post(address, {"keep": "both"}, format="json").status_code, 400)
        self.assertEqual(api.post(address, {"keep": "theirs"}, format="json").status_code, 200)
        self.assertEqual(api.post(address, {"keep": "theirs"}, format="json").status_code, 409)
        again = f"/api/v1/tickets/{self.ticket.pk}/redeliver/"
        self.assertEqual(api.post(again).status_code, 409)
        elsewhere = {"incident": self.row.pk, "connection": 10**6}
        self.assertEqual(api.post("/api/v1/tickets/", elsewhere, format="json").status_code, 404)
        same = {"incident": self.row.pk, "connection": self.jira.pk}
        answer = api.post("/api/v1/tickets/", same, format="json")
        self.assertEqual((answer.status_code, answer.json()["id"]), (202, self.ticket.pk))

    def test_paging_needs_a_pager(self) -> None:
        self.client.force_login(self.rita)
        page = self.row.get_absolute_url()
        self.assertNotContains(self.client.get(page), "Page on call")
        answer = self.client.post(f"{page}alarm/", follow=True)
        self.assertContains(answer, "no connection that offers")

    def test_a_signed_webhook_is_a_hint_for_the_ticket_that_it_names(self) -> None:
        other = self.linked(self.incident(title="Another"), self.jira)
        Ticket.objects.update(answered=0, asked=0)
        body = json.dumps({"webhookEvent": "jira:issue_updated", "issue": {"key": "T-1"}}).encode()
        code = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        for signature, status in (("sha256=" + "0" * 64, 401), (f"sha256={code}", 202)):
            answer = self.client.post(
                f"/hooks/{self.jira.pk}/",
                body,
                content_type="application/json",
                headers={"X-Hub-Signature": signature},
            )
            self.assertEqual(answer.status_code, status)
        job = Job.objects.get(kind="integrations.handle_delivery")
        with self.captureOnCommitCallbacks(execute=True):
            integrations.handle(delivery_id=job.args["delivery_id"])
        asked = dict(Ticket.objects.values_list("pk", "asked"))
        self.assertEqual(asked, {self.ticket.pk: 1, other.pk: 0})
