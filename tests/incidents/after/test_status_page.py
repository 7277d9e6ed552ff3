"""The status page tells stakeholders what was written for them, and nothing else."""

from __future__ import annotations

from django.test import Client

from apps.deployments.models import Deployment
from apps.incidents import services, status
from apps.incidents.models import Incident, Publication, StatusPage
from tests.base import PortalTestCase
from tests.incidents.after.base import Scene


class StatusPageTests(Scene, PortalTestCase):
    def setUp(self) -> None:
        self.place: Deployment = self.deploy()
        self.page = status.arrange(project=self.fraud, title="Card payments", by=self.max)
        self.part = status.add_component(
            page=self.page, name="Payment checks", deployment=self.place, by=self.max
        )
        self.row: Incident = self.open(self.place)
        self.secret = self.open(self.place)
        Incident.objects.filter(pk=self.secret.pk).update(title="Leaked customer list")
        services.add_note(incident=self.row, text="Suspect Mallory", by=self.rita)
        self.token = status.rotate_address(page=self.page, by=self.max)
        self.stranger = Client()

    def publish(self) -> Publication:
        told = status.Told("Checks are slow", "We look into it.", "outage", [self.part])
        return status.publish(incident=self.row, page=self.page, told=told, by=self.rita)

    def read(self, token: str = "") -> str:
        answer = self.stranger.get(f"/status/{token or self.token}/")
        self.assertEqual(answer.status_code, 200)
        return answer.content.decode()

    def test_nothing_unpublished_leaves_the_project(self) -> None:
        words = self.read()
        self.assertIn("Payment checks", words)
        self.assertIn("No incident is going on.", words)
        self.publish()
        words = self.read()
        for said in ("Card payments", "Checks are slow", "We look into it.", "Outage"):
            self.assertIn(said, words)
        for kept in (
            "fraud", "Fraud", "rita", "ada", "max", "Scores", "drift", "Mallory", "Leaked",
            "/incidents/", "prod", "high",
        ):  # fmt: skip
            self.assertNotIn(kept, words.partition("<main")[2].partition("</main>")[0], kept)

    def test_updates_go_on_until_it_is_resolved(self) -> None:
        made = self.publish()
        status.update(publication=made, phase="watching", text="It is better.", by=self.rita)
        self.assertIn("It is better.", self.read())
        status.update(publication=made, phase="resolved", text="It is over.", by=self.rita)
        words = self.read()
        self.assertIn("No incident is going on.", words)
        self.assertIn("It is over.", words)
        self.assertIn("Operational", words)

    def test_a_rotated_or_closed_address_opens_nothing(self) -> None:
        fresh = status.rotate_address(page=self.page, by=self.max)
        self.assertEqual(self.stranger.get(f"/status/{self.token}/").status_code, 404)
        self.read(fresh)
        status.close_address(page=self.page, by=self.max)
        for token in (self.token, fresh, "None", "x" * 43):
            self.assertEqual(self.stranger.get(f"/status/{token}/").status_code, 404, token)

    def test_the_address_itself_is_not_kept_and_not_passed_on(self) -> None:
        self.page.refresh_from_db()
        digest = self.page.token_digest
        assert digest is not None
        self.assertNotIn(self.token, digest)
        self.assertEqual(self.stranger.get(f"/status/{digest}/").status_code, 404)
        answer = self.stranger.get(f"/status/{self.token}/")
        self.assertEqual(answer["Referrer-Policy"], "no-referrer")
        self.assertIn("noindex", answer["X-Robots-Tag"])
        self.assertIn("no-store", answer["Cache-Control"])

    def test_maintainers_arrange_and_responders_write(self) -> None:
        base = "/incidents/status-pages/fraud/"
        for user, code in ((self.bob, 404), (self.carol, 403), (self.rita, 403), (self.cora, 403)):
            self.client.force_login(user)
            self.assertEqual(self.client.get(f"{base}settings/").status_code, code)
            for verb in (
                "settings",
                "components",
                f"components/{self.part.pk}/remove",
                "address",
                "address/close",
            ):
                self.assertEqual(self.client.post(f"{base}{verb}/").status_code, code, verb)
        for user, code in ((self.bob, 404), (self.carol, 403)):
            self.client.force_login(user)
            for verb in ("publish", "updates"):
                address = f"/incidents/{self.row.pk}/{verb}/"
                self.assertEqual(self.client.post(address).status_code, code)
        self.client.force_login(self.carol)
        self.assertContains(self.client.get(base), "Payment checks")
        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(base).status_code, 404)

    def test_it_is_set_up_and_written_through_its_pages(self) -> None:
        StatusPage.objects.all().delete()
        base = "/incidents/status-pages/fraud/"
        self.client.force_login(self.max)
        self.assertContains(self.client.get(base), "has no status page")
        self.client.post(f"{base}settings/", {"title": "Payments"})
        sent = {"name": "Checks", "deployment": "fraud-live"}
        self.client.post(f"{base}components/", sent)
        self.assertEqual(self.client.post(f"{base}components/", sent).status_code, 422)
        made = self.client.post(f"{base}address/")
        address = made.context["made"]
        self.assertNotContains(self.client.get(f"{base}settings/"), address)
        self.client.force_login(self.rita)
        part = StatusPage.objects.get().components.get()
        page = f"/incidents/{self.row.pk}/publish/"
        told = {"title": "Slow", "effect": "degraded", "text": "Wait.", "components": [part.pk]}
        self.assertRedirects(self.client.post(page, told), page)
        self.client.post(
            f"/incidents/{self.row.pk}/updates/", {"phase": "identified", "text": "Found."}
        )
        self.assertContains(self.client.get(page), "Found.")
        services.resolve(incident=self.row, by=self.ada, reason="over")
        self.assertContains(self.client.get(page), "not on the status page")
        token = address.rstrip("/").rpartition("/")[2]
        self.assertIn("Degraded", self.read(token))
