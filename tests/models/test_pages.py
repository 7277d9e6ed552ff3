"""The pages of models: what they show, to whom, and what they let people do."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.core.jobs import run_job
from apps.core.models import Job
from apps.ledger.models import Entry
from apps.models import services
from apps.models.choices import PromotionState
from apps.models.mirror import registry, runs
from apps.models.models import GateResult, ModelVersion, Promotion
from apps.projects.models import Environment
from tests.base import PortalTestCase


class ModelPage(PortalTestCase):
    """A model with a version from a run of accuracy 0.95."""

    def setUp(self) -> None:
        runs.put_experiment(self.fraud, {"experiment_id": "7", "name": "first"})
        info = {"run_id": "a" * 32, "experiment_id": "7", "run_name": "best", "start_time": 1}
        metrics = [{"key": "accuracy", "value": 0.95, "timestamp": 1}]
        runs.put_runs(self.fraud, [{"info": info, "data": {"metrics": metrics}}], by=self.cora)
        self.model = registry.put_model(self.fraud, {"name": "<b>churn</b>"}, by=self.cora)
        told = {"version": "1", "run_id": "a" * 32}
        version = registry.put_version(self.model, told, by=self.cora)
        assert version is not None
        self.version: ModelVersion = version
        self.prod: Environment = self.fraud.environments.get(name="prod")

    def ask(self) -> Promotion:
        self.client.force_login(self.cora)
        url = f"/models/versions/{self.version.pk}/promote/"
        response = self.client.post(url, {"environment": self.prod.pk, "note": "please"})
        self.assertEqual(response.status_code, 302)
        return Promotion.objects.get()

    def work(self) -> None:
        """Do what the worker would."""
        for job in Job.objects.filter(state="queued").order_by("pk"):
            run_job(job.pk)


class PageTests(ModelPage):
    def test_every_page_shows_the_model_to_a_viewer(self) -> None:
        self.client.force_login(self.carol)
        run = self.version.run
        assert run is not None
        for url, words in (
            ("/models/", "&lt;b&gt;churn&lt;/b&gt;"),
            (self.model.get_absolute_url(), "Version 1"),
            (self.version.get_absolute_url(), "accuracy"),
            ("/models/runs/", "best"),
            ("/models/runs/?metric=accuracy&q=best", "0.95"),
            (run.get_absolute_url(), "a" * 32),
            ("/models/approvals/", "Nothing waits for you"),
        ):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                response = self.client.get(url)
            self.assertContains(response, words)
            self.assertLessEqual(len(asked), 20, url)

    def test_strangers_get_404_and_empty_lists(self) -> None:
        self.client.force_login(self.bob)
        run = self.version.run
        assert run is not None
        for row in (self.model, self.version, run):
            self.assertEqual(self.client.get(row.get_absolute_url()).status_code, 404)
        self.assertContains(self.client.get("/models/"), "No models yet")
        self.assertContains(self.client.get("/models/runs/"), "No runs yet")

    def test_bent_filters_do_not_break_the_lists(self) -> None:
        self.client.force_login(self.carol)
        for query in (
            "q=%00",
            "experiment=9" * 1 + "9" * 30,
            "metric=%00",
            "metric=0",
            "sort=x&after=y",
        ):
            self.assertEqual(self.client.get(f"/models/runs/?{query}").status_code, 200, query)
            self.assertEqual(self.client.get(f"/models/?{query}").status_code, 200, query)


class PromotionPageTests(ModelPage):
    def test_a_promotion_waits_and_is_decided_on_by_another(self) -> None:
        promotion = self.ask()
        self.work()
        promotion.refresh_from_db()
        self.assertEqual(promotion.state, PromotionState.WAITING)

        self.client.force_login(self.max)
        self.assertContains(self.client.get("/models/approvals/"), "churn")
        self.assertContains(self.client.get("/"), "Approvals")
        page = self.client.get(self.version.get_absolute_url())
        self.assertContains(page, "Approve")
        decide = f"/models/promotions/{promotion.pk}/decide/"
        self.client.post(decide, {"verdict": "decline", "note": "not yet"})

        promotion.refresh_from_db()
        self.assertEqual(promotion.state, PromotionState.DECLINED)
        self.assertContains(self.client.get(self.version.get_absolute_url()), "not yet")
        verbs = Entry.objects.filter(subject_kind="models.promotion").order_by("pk")
        self.assertEqual(
            [entry.verb for entry in verbs],
            [
                "models.promotion_requested",
                "models.promotion_waiting",
                "models.promotion_declined",
            ],
        )

    def test_one_does_not_decide_on_ones_own(self) -> None:
        promotion = Promotion.objects.create(
            project=self.fraud,
            version=self.version,
            environment=self.prod,
            requested_by=self.max,
            state=PromotionState.WAITING,
        )
        self.client.force_login(self.max)
        page = self.client.get(self.version.get_absolute_url())
        self.assertContains(page, "another maintainer decides")
        self.client.post(f"/models/promotions/{promotion.pk}/decide/", {"verdict": "approve"})

        promotion.refresh_from_db()
        self.assertEqual(promotion.state, PromotionState.WAITING)

    def test_a_viewer_can_neither_ask_nor_decide(self) -> None:
        promotion = self.ask()
        self.client.force_login(self.carol)
        url = f"/models/versions/{self.version.pk}/promote/"
        self.assertEqual(self.client.post(url, {"environment": self.prod.pk}).status_code, 403)
        decide = f"/models/promotions/{promotion.pk}/decide/"
        self.assertEqual(self.client.post(decide, {"verdict": "approve"}).status_code, 403)

    def test_another_projects_environment_is_no_choice(self) -> None:
        self.client.force_login(self.cora)
        foreign = self.other.environments.get(name="prod")
        url = f"/models/versions/{self.version.pk}/promote/"
        self.assertEqual(self.client.post(url, {"environment": foreign.pk}).status_code, 422)

    def test_a_gate_is_declared_used_and_removed(self) -> None:
        self.client.force_login(self.max)
        wanted = {"environment": self.prod.pk, "metric": "accuracy", "floor": "0.99"}
        self.client.post(f"/models/{self.model.pk}/gates/new/?kind=metric_floor", wanted)
        self.assertContains(
            self.client.get(self.model.get_absolute_url()), "accuracy at least 0.99"
        )
        promotion = self.ask()
        self.work()
        promotion.refresh_from_db()
        self.assertEqual(promotion.state, PromotionState.REFUSED)
        self.assertContains(self.client.get(self.version.get_absolute_url()), "below the floor")

        gate = self.model.gates.get()
        self.assertEqual(self.client.post(f"/models/gates/{gate.pk}/remove/").status_code, 403)
        self.client.force_login(self.max)
        self.client.post(f"/models/gates/{gate.pk}/remove/")
        self.assertFalse(self.model.gates.exists())
        self.assertTrue(GateResult.objects.filter(gate_id=gate.pk).exists())

    def test_the_work_is_safe_to_do_twice(self) -> None:
        services.declare_gate(
            model=self.model,
            environment=self.prod,
            kind="metric_floor",
            settings={"metric": "accuracy", "floor": 0.9},
            by=self.max,
        )
        promotion = self.ask()
        services.check_gates(promotion=promotion)  # and the worker is killed here
        self.work()
        services.settle_gates(promotion=promotion)

        self.assertEqual(GateResult.objects.count(), 1)
        self.assertEqual(Entry.objects.filter(verb="models.promotion_waiting").count(), 1)

    def test_nobody_changes_what_a_gate_said(self) -> None:
        promotion = self.ask()
        result = GateResult.objects.create(
            promotion=promotion, gate_id=1, kind="x", passed=False, sentence="no"
        )
        with self.assertRaises(IntegrityError), transaction.atomic():
            GateResult.objects.filter(pk=result.pk).update(passed=True)
        with self.assertRaises(IntegrityError), transaction.atomic():
            result.delete()
