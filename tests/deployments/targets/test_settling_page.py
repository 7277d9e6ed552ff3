"""Adopting and reverting a mismatch from the deployment's page."""

from __future__ import annotations

from apps.deployments import services
from apps.deployments.models import Deployment, Mismatch
from apps.models.models import ModelVersion
from tests.base import PortalTestCase
from tests.models import registered


class SettlingTests(PortalTestCase):
    version: ModelVersion
    place: Deployment

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.version = registered.version(cls.fraud, "credit", 1)
        cls.place = services.create_deployment(
            environment=cls.staging, model=cls.version.model, slug="credit", by=cls.ada
        )

    def mismatch(self) -> Mismatch:
        return Mismatch.objects.create(
            deployment=self.place, kind=Mismatch.Kind.MISSING, wanted="workload", found="nothing"
        )

    def settle(self, row: Mismatch, **given: str) -> list[str]:
        url = f"/deployments/credit/mismatches/{row.pk}/"
        response = self.client.post(url, given, follow=True)
        return [str(each) for each in response.context["messages"]]

    def test_it_is_offered_to_whoever_may_release(self) -> None:
        self.mismatch()
        self.client.force_login(self.cora)
        self.assertContains(self.client.get("/deployments/credit/"), 'value="revert"')
        self.client.force_login(self.carol)
        self.assertNotContains(self.client.get("/deployments/credit/"), 'value="revert"')

    def test_a_revert_is_asked_of_the_target(self) -> None:
        row = self.mismatch()
        self.client.force_login(self.cora)
        self.assertEqual(self.settle(row, way="revert"), ["What was wanted comes back."])
        row.refresh_from_db()
        self.assertEqual(row.ended_by, self.cora)

    def test_what_cannot_be_adopted_says_why(self) -> None:
        self.client.force_login(self.cora)
        [said] = self.settle(self.mismatch(), way="adopt")
        self.assertIn("there is nothing there", said)

    def test_another_way_is_named(self) -> None:
        self.client.force_login(self.cora)
        [said] = self.settle(self.mismatch(), way="ignore")
        self.assertIn("adopt or revert", said)

    def test_a_viewer_may_not_and_a_stranger_finds_nothing(self) -> None:
        row = self.mismatch()
        for person, status in ((self.carol, 403), (self.bob, 404)):
            self.client.force_login(person)
            url = f"/deployments/credit/mismatches/{row.pk}/"
            self.assertEqual(self.client.post(url, {"way": "revert"}).status_code, status)

    def test_the_address_of_another_deployment_leads_nowhere(self) -> None:
        row = self.mismatch()
        self.client.force_login(self.cora)
        response = self.client.post(f"/deployments/other/mismatches/{row.pk}/", {"way": "revert"})
        self.assertEqual(response.status_code, 404)


class NewOnATargetTests(PortalTestCase):
    def test_this_machine_is_offered_first_and_a_strangers_target_is_not(self) -> None:
        registered.version(self.fraud, "credit", 1)
        self.client.force_login(self.ada)
        page = self.client.get("/deployments/new/")
        self.assertContains(page, "Processes of this machine")
        refused = self.client.post(
            "/deployments/new/",
            {
                "model": self.fraud.registered_models.get().pk,
                "environment": self.staging.pk,
                "slug": "credit",
                "connection": 4711,
            },
        )
        self.assertEqual(refused.status_code, 422)
        self.assertFalse(Deployment.objects.exists())
