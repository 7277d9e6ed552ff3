"""Every kind of gate can be declared on the page and by REST, and both say what is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.deployments.models import Deployment
from apps.models import gates
from apps.models.gates import Candidate, Finding
from apps.models.models import Gate, RegisteredModel
from apps.monitoring.models import Baseline, Monitor, Verdict
from tests.base import PortalTestCase
from tests.models import registered

# The least that each kind has to be told; what is not here needs nothing.
TOLD: dict[str, dict[str, Any]] = {
    "metric_floor": {"metric": "accuracy", "floor": 0.9},
    "metric_ceiling": {"metric": "loss", "ceiling": 0.1},
    "slice_floor": {"metric": "accuracy", "bound": 0.5, "slices": ["north", "south"]},
    "champion": {"metric": "accuracy", "margin": 0.01, "folds": "cv_", "better": "higher"},
    "licence": {"allowed": ["MIT", "Apache-2.0"]},
    "data_fresh": {"days": 30},
}


class FaceTests(PortalTestCase):
    def setUp(self) -> None:
        self.model: RegisteredModel = registered.version(self.fraud, "churn", 1).model

    def test_rest_lists_the_kinds_with_their_settings(self) -> None:
        told = self.api(self.carol).get("/api/v1/gates/kinds/").json()
        self.assertEqual({each["kind"] for each in told}, set(gates.KINDS))
        floor = next(each for each in told if each["kind"] == "metric_floor")
        self.assertEqual(floor["settings"]["required"], ["metric", "floor"])

    def test_rest_declares_every_kind(self) -> None:
        client = self.api(self.max)
        for kind in gates.KINDS:
            body = {"model": self.model.pk, "environment": "prod", "kind": kind}
            answer = client.post(
                "/api/v1/gates/", {**body, "settings": TOLD.get(kind, {})}, format="json"
            )
            self.assertEqual(answer.status_code, 201, (kind, answer.content))
        self.assertEqual(Gate.objects.count(), len(gates.KINDS))

    def test_the_page_declares_every_kind_with_the_same_settings(self) -> None:
        self.client.force_login(self.max)
        chooser = self.client.get(f"/models/{self.model.pk}/gates/new/")
        for kind in gates.KINDS.values():
            self.assertContains(chooser, f"?kind={kind.name}")
            url = f"/models/{self.model.pk}/gates/new/?kind={kind.name}"
            self.assertContains(self.client.get(url), kind.summary.replace("'", "&#x27;"))
            given = {
                name: "\n".join(value) if isinstance(value, list) else value
                for name, value in TOLD.get(kind.name, {}).items()
            }
            answer = self.client.post(url, {"environment": self.prod.pk, **given})
            self.assertRedirects(answer, self.model.get_absolute_url(), msg_prefix=kind.name)
            stored = Gate.objects.get(kind=kind.name).settings
            wanted = gates.checked(kind.name, TOLD.get(kind.name, {}))
            loose = {name for name, value in wanted.items() if value is True}
            self.assertEqual(
                {name: value for name, value in stored.items() if name not in loose},
                {name: value for name, value in wanted.items() if name not in loose},
            )

    def test_a_tick_that_is_taken_away_is_stored_as_no(self) -> None:
        self.client.force_login(self.max)
        url = f"/models/{self.model.pk}/gates/new/?kind=safe_files"
        self.assertContains(self.client.get(url), 'id="id_pinned" checked')
        self.client.post(url, {"environment": self.prod.pk})
        self.assertEqual(Gate.objects.get().settings, {"allow": [], "pinned": False})

    def test_the_page_says_what_is_wrong_beside_the_setting(self) -> None:
        self.client.force_login(self.max)
        url = f"/models/{self.model.pk}/gates/new/?kind=champion"
        wrong = self.client.post(
            url, {"environment": self.prod.pk, "metric": "a", "margin": "-1", "better": "higher"}
        )
        self.assertContains(wrong, "greater than or equal to 0", status_code=422)
        bent = self.client.post(url, {"environment": "x", "metric": "a\x00", "margin": "high"})
        self.assertEqual(bent.status_code, 422)
        self.assertFalse(Gate.objects.exists())
        twice = {"environment": self.prod.pk, "metric": "a", "margin": "1", "better": "lower"}
        self.client.post(url, twice)
        again = self.client.post(url, twice)
        self.assertContains(again, "already has this gate", status_code=422)

    def test_only_a_maintainer_declares(self) -> None:
        url = f"/models/{self.model.pk}/gates/new/"
        for user, status in ((self.cora, 403), (self.bob, 404)):
            self.client.force_login(user)
            self.assertEqual(self.client.get(url).status_code, status)


class DriftTests(PortalTestCase):
    def setUp(self) -> None:
        self.version = registered.version(self.fraud, "churn", 1)
        deployment = Deployment.objects.create(
            project=self.fraud,
            environment=self.staging,
            model=self.version.model,
            slug="churn-live",
            created_by=self.ada,
        )
        baseline = Baseline.objects.create(
            project=self.fraud,
            deployment=deployment,
            source="rows",
            rows=100,
            profiles={},
            created_by=self.ada,
        )
        self.monitor = Monitor.objects.create(
            project=self.fraud, deployment=deployment, baseline=baseline, name="inputs"
        )

    def find(self, **settings: Any) -> Finding:
        gate = Gate(kind="drift", settings=gates.checked("drift", settings))
        return gates.find(gate, Candidate(self.version, self.prod))

    def says(self, level: str) -> None:
        now = timezone.now()
        Verdict.objects.create(
            monitor=self.monitor,
            level=level,
            rows=200,
            starts_at=now - timedelta(hours=1),
            ends_at=now,
            findings=[],
        )

    def test_the_newest_verdict_counts(self) -> None:
        self.assertTrue(self.find().passed)
        self.assertFalse(self.find(verdict_needed=True).passed)
        self.says("act")
        found = self.find()
        self.assertFalse(found.passed)
        self.assertIn("inputs on churn-live says act", found.sentence)
        self.assertTrue(self.find(only_here=True).passed)
        self.says("watch")
        self.assertTrue(self.find(verdict_needed=True).passed)
        self.says("act")
        Monitor.objects.update(enabled=False)
        self.assertTrue(self.find().passed)
