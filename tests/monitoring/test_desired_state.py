"""Wanted against found: what a target runs otherwise is an alert, and an incident."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.services import create_token
from apps.deployments import services as deployments
from apps.deployments.models import Deployment, Mismatch
from apps.deployments.targets import Difference
from apps.incidents import pack
from apps.incidents.models import Incident
from apps.monitoring import services
from apps.monitoring.errors import NameTaken
from apps.monitoring.models import Alert, Monitor
from tests.base import PortalTestCase
from tests.models import registered

SCALE = Difference(Mismatch.Kind.SCALE, "2", "5")
IMAGE = Difference(Mismatch.Kind.IMAGE, "ours:1", "theirs:9")


class DesiredStateTests(PortalTestCase):
    place: Deployment

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        version = registered.version(cls.fraud, "credit", 1)
        cls.place = deployments.create_deployment(
            environment=cls.staging, model=version.model, slug="credit", by=cls.ada
        )

    def look(self, *found: Difference) -> None:
        """One round of the reconciler."""
        with self.captureOnCommitCallbacks(execute=True):
            deployments.note_mismatches(
                deployment=self.place,
                found=found,
                judged=[Mismatch.Kind.SCALE, Mismatch.Kind.IMAGE],
                at=timezone.now(),
            )

    def test_it_fires_once_and_opens_one_incident(self) -> None:
        self.look(SCALE)
        self.look(SCALE, IMAGE)

        alert = Alert.objects.get()
        self.assertEqual(alert.state, "firing")
        self.assertIn("number of replicas: wanted 2, found 5", alert.summary)
        incident = Incident.objects.get()
        [said] = [item.text for item in pack.build(incident).items if item.kind == "mismatch"]
        self.assertIn("Wanted is 2; found was 5", said)

    def test_it_resolves_once_nothing_differs(self) -> None:
        self.look(SCALE, IMAGE)
        self.look(SCALE)
        self.assertEqual(Alert.objects.get().state, "firing")
        self.look()

        self.assertEqual(Alert.objects.get().state, "resolved")
        self.assertEqual(Incident.objects.get().state, "resolved")
        self.assertEqual(Monitor.objects.get().state, "calm")

    def test_one_that_comes_back_is_a_new_alert(self) -> None:
        for found in ([SCALE], [], [SCALE]):
            self.look(*found)
        states = sorted(Alert.objects.values_list("state", flat=True))
        self.assertEqual(states, ["firing", "resolved"])

    def test_its_pages_say_what_differs(self) -> None:
        self.look(SCALE)
        self.client.force_login(self.carol)
        for row in (Alert.objects.get(), Monitor.objects.get()):
            page = self.client.get(row.get_absolute_url())
            self.assertContains(page, "number of replicas")
            self.assertNotContains(page, "Look now")

    def test_it_is_not_looked_at_on_demand(self) -> None:
        self.look(SCALE)
        _, token = create_token(user=self.ada, name="test", by=self.ada)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        url = f"/api/v1/monitors/{Monitor.objects.get().pk}/evaluate/"
        refused = client.post(url, {}, format="json")
        self.assertEqual((refused.status_code, refused.json()["code"]), (409, "not_on_demand"))

    def test_nobody_else_may_take_its_name(self) -> None:
        baseline = services.create_baseline(
            deployment=self.place,
            version=None,
            source="rows",
            columns={"income": [1.0] * 40},
            by=self.ada,
        )
        with self.assertRaisesMessage(NameTaken, "Wanted against found"):
            services.create_monitor(baseline=baseline, name="Wanted against found", by=self.ada)
