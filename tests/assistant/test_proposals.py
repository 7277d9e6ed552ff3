"""Proposals: what is proposed, who decides, and that nothing is done before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import override_settings
from django.utils import timezone

from apps.assistant.errors import ProposalClosed, ProposalStale
from apps.assistant.models import Exchange, Proposal
from apps.assistant.planner import Question
from apps.assistant.proposals import services
from apps.assistant.talks import services as talks
from apps.core.access import Role
from apps.core.errors import Conflict, Invalid, NotFound, RoleNeeded
from apps.deployments import services as releasing
from apps.deployments.models import Release
from apps.docs import services as docs
from apps.incidents import services as incidents
from apps.incidents import tickets
from apps.incidents.models import Incident, Ticket
from apps.integrations.models import Connection
from apps.ledger.models import Entry
from apps.models.models import Promotion
from apps.monitoring.models import Silence
from tests.assistant.ollama import Ollama, Script
from tests.base import PortalTestCase
from tests.deployments.test_pages import model_with_versions, served
from tests.incidents.tickets.base import JIRA
from tests.monitoring.alerts.base import posted, told_and_settled

State = Proposal.State


@override_settings(OLLAMA_HOST="")
class ProposalTests(PortalTestCase):
    def incident(self, title: str = "Odd scores") -> Incident:
        return incidents.open_by_hand(
            project=self.fraud, title=title, severity="high", by=self.rita
        )

    def propose(self, service: str = "open_incident", by: Any = None, **given: Any) -> Proposal:
        given = given or {"project": "fraud", "title": "Scores are odd"}
        return services.propose(service=service, given=given, by=by or self.carol)

    def ask(self, text: str, *, by: Any = None, page: dict[str, str] | None = None) -> Exchange:
        by = by or self.carol
        question = Question(by, text, "fraud", page or {})
        return talks.ask(question=question, by=by, project_id=self.fraud.pk)

    def released_twice(self) -> Release:
        first, second = model_with_versions(self.fraud)
        self.row = served(first, self.staging, self.ada)
        release = releasing.request_release(deployment=self.row, version=second, by=self.ada)
        now = timezone.now()
        self.row.releases.live().update(state="superseded", live_at=now - timedelta(hours=1))
        Release.objects.filter(pk=release.pk).update(state="live", live_at=now)
        return release

    def test_an_order_becomes_a_card_and_nothing_else(self) -> None:
        self.released_twice()
        before = Release.objects.count()
        row = self.ask(f"Roll back {self.row.slug}, please.")
        proposal = Proposal.objects.get()
        self.assertEqual(proposal.exchange, row)
        self.assertIn("goes from version 2 to version 1", proposal.consequence)
        self.assertEqual(Release.objects.count(), before)
        self.assertEqual(self.ask(f"Roll back {self.row.slug}!").state, "done")
        self.assertEqual(Proposal.objects.count(), 1)

    def test_a_question_about_a_deed_orders_nothing(self) -> None:
        self.released_twice()
        for text in (
            "How do I roll back churn?",
            "Why was churn rolled back?",
            "Should we roll back churn?",
        ):
            self.ask(text)
        self.assertFalse(Proposal.objects.exists())

    def test_approving_runs_the_service_with_the_approvers_rights(self) -> None:
        self.released_twice()
        proposal = self.propose("roll_back", deployment=self.row.slug)
        for user in (self.carol, self.rita):
            with self.assertRaises(RoleNeeded):
                services.approve(proposal=proposal, by=user)
        with self.assertRaises(NotFound):
            services.approve(proposal=proposal, by=self.bob)

        done = services.approve(proposal=proposal, by=self.cora)
        self.assertEqual((done.state, done.decided_by), (State.DONE, self.cora))
        newest = Release.objects.order_by("-pk").first()
        assert newest is not None
        self.assertEqual((newest.requested_by, newest.version.number), (self.cora, 1))
        entry = Entry.objects.get(verb="assistant.proposal_approved")
        self.assertEqual((entry.actor_id, entry.data["service"]), (self.cora.pk, "roll_back"))

        with self.assertRaises(ProposalClosed):
            services.approve(proposal=proposal, by=self.cora)
        self.assertEqual(Release.objects.count(), newest.number)

    def test_what_has_changed_since_is_not_done(self) -> None:
        self.released_twice()
        proposal = self.propose("roll_back", deployment=self.row.slug)
        releasing.roll_back(deployment=self.row, by=self.ada)
        before = Release.objects.count()
        with self.assertRaises(ProposalStale):
            services.approve(proposal=proposal, by=self.ada)
        proposal.refresh_from_db()
        self.assertEqual((proposal.state, Release.objects.count()), (State.EXPIRED, before))

    def test_nobody_decides_on_what_is_too_old(self) -> None:
        proposal = self.propose()
        Proposal.objects.update(expires_at=timezone.now())
        with self.assertRaises(ProposalStale):
            services.approve(proposal=proposal, by=self.ada)
        self.assertFalse(Incident.objects.exists())
        other = self.propose(project="fraud", title="Another one")
        Proposal.objects.filter(pk=other.pk).update(expires_at=timezone.now())
        self.assertEqual(services.expire_due(), 1)
        self.assertEqual(services.expire_due(), 0)
        entries = Entry.objects.filter(verb="assistant.proposal_expired").order_by("pk")
        told = [(each.subject_id, each.actor_id) for each in entries]
        self.assertEqual(told, [(str(proposal.pk), None), (str(other.pk), None)])

    def test_a_ticket_is_filed_once_somebody_approves(self) -> None:
        row = self.incident()
        page = {"kind": "incident", "id": str(row.pk)}
        self.ask("Open a ticket for this.", page=page)
        self.assertFalse(Proposal.objects.exists())  # there is no tracker yet

        jira = Connection.objects.create(project=self.fraud, slug="jira", name="Desk", values=JIRA)
        self.ask("Open a ticket for this.", page=page)
        proposal = Proposal.objects.get()
        self.assertEqual((proposal.service, proposal.needed), ("open_ticket", Role.RESPONDER))
        self.assertIn("Whoever reads Desk sees incident", proposal.consequence)
        self.assertFalse(Ticket.objects.exists())
        with self.assertRaises(RoleNeeded):
            services.approve(proposal=proposal, by=self.carol)
        self.assertFalse(Ticket.objects.exists())

        done = services.approve(proposal=proposal, by=self.rita)
        self.assertEqual((done.state, done.result_url), (State.DONE, row.get_absolute_url()))
        ticket = Ticket.objects.get()
        self.assertEqual((ticket.incident, ticket.connection), (row, jira))
        verbs = Entry.objects.filter(
            verb__in=("assistant.proposal_approved", "incidents.ticket_linked")
        )
        self.assertEqual({each.actor_id for each in verbs}, {self.rita.pk})
        with self.assertRaises(ProposalClosed):
            services.approve(proposal=proposal, by=self.rita)
        self.assertEqual(Ticket.objects.count(), 1)

    def test_a_ticket_that_came_meanwhile_leaves_nothing_to_approve(self) -> None:
        row = self.incident()
        Connection.objects.create(project=self.fraud, slug="jira", name="Desk", values=JIRA)
        proposal = self.propose("open_ticket", incident_id=row.pk)
        tickets.link_ticket(incident=row, by=self.rita)
        with self.assertRaises(ProposalStale):
            services.approve(proposal=proposal, by=self.rita)
        self.assertEqual(Ticket.objects.count(), 1)

    def test_a_refused_one_is_over(self) -> None:
        proposal = self.propose()
        services.refuse(proposal=proposal, by=self.rita, reason="It is known.")
        with self.assertRaises(ProposalClosed):
            services.approve(proposal=proposal, by=self.ada)
        self.assertFalse(Incident.objects.exists())

    def test_a_service_that_refuses_ends_it_as_failed(self) -> None:
        release = self.released_twice()
        releasing.request_release(deployment=self.row, version=release.version, by=self.ada)
        proposal = self.propose("roll_back", deployment=self.row.slug)
        before = Release.objects.count()
        done = services.approve(proposal=proposal, by=self.ada)
        self.assertEqual((done.state, Release.objects.count()), (State.FAILED, before))
        self.assertIn("churn-live", done.note)

    def test_what_needs_no_deed_is_not_proposed(self) -> None:
        row = self.incident()
        incidents.acknowledge(incident=row, by=self.rita)
        with self.assertRaisesRegex(Conflict, "acknowledged already"):
            self.propose("acknowledge", incident_id=row.pk)

    def test_each_service_proposes_and_does(self) -> None:
        first, second = model_with_versions(self.fraud)
        incident = self.incident()
        (alert,) = told_and_settled(self.fraud, posted())
        runbook = docs.write(
            project=self.fraud, kind="runbook", body="# Scores\n\nLook.", by=self.ada
        )
        for service, given in (
            ("open_incident", {"project": "fraud", "title": "Slow answers"}),
            ("acknowledge", {"incident_id": incident.pk}),
            ("silence", {"alert_id": alert.pk, "hours": 3}),
            ("edit_runbook", {"document_id": runbook.pk, "body": "# Scores\n\nLook twice."}),
            ("promote", {"version_id": second.pk, "environment": "staging"}),
        ):
            proposal = self.propose(service, **given)
            self.assertEqual(proposal.state, State.PROPOSED, service)
            done = services.approve(proposal=proposal, by=self.ada)
            self.assertEqual(done.state, State.DONE, f"{service}: {done.note}")
            self.assertTrue(done.result_url.startswith("/"), service)
        self.assertTrue(Incident.objects.filter(title="Slow answers", opened_by=self.ada).exists())
        incident.refresh_from_db()
        self.assertEqual((incident.state, Silence.objects.count()), ("acknowledged", 1))
        runbook.refresh_from_db()
        self.assertIn("Look.", runbook.body)
        self.assertFalse(runbook.revisions.first().published)
        self.assertTrue(Promotion.objects.filter(version=second).exists())

    def test_an_alert_is_acknowledged(self) -> None:
        (alert,) = told_and_settled(self.fraud, posted())
        page = {"kind": "alert", "id": str(alert.pk)}
        self.ask("Acknowledge this and silence it for 4 hours.", page=page)
        found = {row.service: row for row in Proposal.objects.all()}
        self.assertEqual(set(found), {"acknowledge_alert", "silence"})
        self.assertEqual(found["silence"].arguments["hours"], 4)
        services.approve(proposal=found["acknowledge_alert"], by=self.rita)
        alert.refresh_from_db()
        self.assertEqual(alert.acknowledged_by, self.rita)

    def test_arguments_are_checked(self) -> None:
        for given in (
            {"project": "fraud"},
            {"project": "fraud", "title": "Odd", "by": "sam"},
            {"title": 3},
        ):
            with self.assertRaises(Invalid):
                services.propose(service="open_incident", given=given, by=self.carol)
        with self.assertRaises(Invalid):
            self.propose("drop_database", project="fraud")
        with self.assertRaises(NotFound):
            self.propose(by=self.bob)

    def test_pages_show_it_and_take_the_decision(self) -> None:
        proposal = self.propose()
        page = proposal.get_absolute_url()
        self.client.force_login(self.carol)
        self.assertContains(self.client.get(page), "Approving needs the responder role")
        self.assertEqual(self.client.post(f"{page}approve/").status_code, 403)
        self.client.force_login(self.rita)
        self.assertContains(self.client.get("/assistant/proposals/"), "Scores are odd")
        self.assertContains(self.client.get(page), "What would happen")
        answer = self.client.post(f"{page}approve/", follow=True)
        self.assertContains(answer, "Incident 1 is open.")
        again = self.client.post(f"{page}approve/", follow=True)
        self.assertContains(again, "This proposal is done already.")
        self.assertEqual(Incident.objects.count(), 1)
        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(page).status_code, 404)

    def test_rest_proposes_and_decides(self) -> None:
        api = self.api(self.rita)
        sent = {
            "service": "open_incident",
            "arguments": {"project": "fraud", "title": "Odd scores"},
        }
        made = api.post("/api/v1/assistant/proposals/", sent, format="json")
        self.assertEqual(made.status_code, 201, made.content)
        place = f"/api/v1/assistant/proposals/{made.json()['id']}/"
        self.assertEqual(self.api(self.carol).post(f"{place}approve/").status_code, 403)
        self.assertEqual(self.api(self.bob).get(place).status_code, 404)
        self.assertEqual(api.post(f"{place}approve/").json()["state"], "done")
        self.assertEqual(api.post(f"{place}refuse/").json()["code"], "proposal_closed")

    def model_that_proposes(self, title: str) -> Ollama:
        deed = {"project": "fraud", "title": title}
        ollama = Ollama(
            Script(
                words=lambda b: "x", calls=[{"name": "propose_open_incident", "arguments": deed}]
            )
        )
        self.addCleanup(ollama.close)
        self.enterContext(override_settings(HTTP_ALLOW=(ollama.host,)))
        self.fraud.providers.create(
            name="Local", kind="ollama", base_url=ollama.url, model="llama3.1", calls="native"
        )
        return ollama

    def test_a_model_proposes_only_where_the_question_orders(self) -> None:
        docs.write(
            project=self.fraud,
            kind="runbook",
            body="# Odd scores\n\nOpen an incident.",
            by=self.ada,
        )
        self.model_that_proposes("From the model")
        self.ask("What do I do about odd scores?")
        self.assertFalse(Proposal.objects.exists())
        self.ask("Please take care of the odd scores.")
        proposal = Proposal.objects.get()
        self.assertEqual(
            (proposal.via, proposal.title), ("model", "Open an incident: From the model")
        )
        self.assertFalse(Incident.objects.exists())
