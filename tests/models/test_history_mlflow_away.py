"""MLflow away, slow or talking rubbish: pages answer, work waits, nothing is half done, all of it goes on."""

from __future__ import annotations

import logging

from apps.core.jobs import run_job
from apps.core.models import Job
from apps.models import services
from apps.models.mirror import heal
from apps.models.models import (
    AliasMove,
    Experiment,
    ModelVersion,
    OutOfBandMove,
    Promotion,
    RegisteredModel,
    Run,
    Workspace,
)
from apps.models.tasks import heal_mirror
from tests.base import PortalTestCase
from tests.models.faulty_mlflow import FAULTS, FaultyMlflow

EVERY = [*FAULTS, "hang", "cut"]


class Away(PortalTestCase):
    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.mlflow = FaultyMlflow()
        self.enterContext(self.mlflow.listening())
        self.workspace = Workspace.objects.create(project=self.fraud)
        self.mlflow.register("churn", versions=2)
        self.mlflow.log_run("a" * 32, accuracy=0.9)
        heal_mirror()
        self.workspace.refresh_from_db()
        self.assertEqual(self.workspace.trouble, "")
        self.model = RegisteredModel.objects.get(name="churn")

    def work(self) -> None:
        for job in Job.objects.filter(state="queued").order_by("pk"):
            run_job(job.pk)

    def version(self, number: int) -> ModelVersion:
        return ModelVersion.objects.get(model=self.model, number=number)

    def counts(self) -> list[int]:
        living = Experiment.objects.filter(lifecycle="active"), Run.objects.get_queryset().active()
        rest = RegisteredModel.objects.get_queryset().live(), ModelVersion.objects.all()
        return [found.count() for found in (*living, *rest, AliasMove.objects.all())]

    def approved(self) -> Promotion:
        """A promotion that has only the alias before it."""
        promotion = services.request_promotion(
            version=self.version(1), environment=self.prod, by=self.cora
        )
        self.work()
        services.approve(promotion=promotion, by=self.max)
        return promotion


class HealTests(Away):
    def test_whatever_it_says_the_mirror_stays_and_tells_its_age(self) -> None:
        before = self.counts()
        for fault in EVERY:
            self.mlflow.fault = fault
            heal_mirror()
            self.workspace.refresh_from_db()
            self.assertTrue(self.workspace.trouble, fault)
            self.assertEqual(self.counts(), before, fault)

        self.client.force_login(self.carol)
        for address in ("/models/", self.model.get_absolute_url(), "/models/out-of-band/"):
            self.assertContains(self.client.get(address), "MLflow is not answering")
        self.mlflow.fault = ""
        heal_mirror()
        self.assertNotContains(self.client.get("/models/"), "MLflow is not answering")

    def test_one_projects_trouble_is_not_anothers(self) -> None:
        Workspace.objects.create(project=self.other)
        told = heal.heal

        def one_is_odd(workspace: Workspace, *, whole: bool = False) -> None:
            if workspace.project == self.fraud:
                raise KeyError("registered_models")
            told(workspace, whole=whole)

        heal.heal = one_is_odd
        self.addCleanup(setattr, heal, "heal", told)
        heal_mirror()
        troubles = {row.project.slug: bool(row.trouble) for row in Workspace.objects.all()}
        self.assertEqual(troubles, {"fraud": True, "weather": False})


class WaitTests(Away):
    def test_a_promotion_waits_and_finishes_when_it_is_back(self) -> None:
        promotion = self.approved()
        for fault in ("500", "hang", "a page", "cut"):
            self.mlflow.fault = fault
            heal_mirror()
            self.work()
            promotion.refresh_from_db()
            self.assertEqual(promotion.state, "approved", fault)
            self.assertFalse(AliasMove.objects.exists())
            self.mlflow.fault = ""
            services.take_up(project=self.fraud)
        heal_mirror()
        self.work()

        promotion.refresh_from_db()
        self.assertEqual(promotion.state, "done")
        self.assertEqual(self.mlflow.models["churn"]["aliases"], {"prod": 1})
        self.assertEqual(AliasMove.objects.get().promotion, promotion)

    def test_adopting_and_reverting_wait_too(self) -> None:
        self.mlflow.set_alias("churn", "prod", 2)
        heal_mirror()
        case = OutOfBandMove.objects.get()
        self.mlflow.fault = "500"
        services.adopt(case=case, by=self.ada, reason="seen")
        self.work()
        case.refresh_from_db()
        self.assertEqual(case.state, "adopting")
        self.mlflow.fault = ""
        heal_mirror()
        self.work()
        case.refresh_from_db()
        self.assertEqual(case.state, "adopted")

        self.mlflow.set_alias("churn", "prod", 1)
        heal_mirror()
        back = OutOfBandMove.objects.latest("pk")
        self.mlflow.fault = "hang"
        services.request_revert(case=back, by=self.max, reason="no")
        self.work()
        back.refresh_from_db()
        self.assertEqual(back.state, "reverting")
        self.mlflow.fault = ""
        heal_mirror()
        self.work()
        back.refresh_from_db()
        self.assertEqual((back.state, self.mlflow.models["churn"]["aliases"]), (
            "reverted", {"prod": 2}))  # fmt: skip

    def test_what_happened_meanwhile_is_found_afterwards(self) -> None:
        self.approved()
        self.mlflow.fault = "500"
        heal_mirror()
        self.work()
        self.mlflow.register("fraud")
        self.mlflow.log_run("b" * 32, accuracy=0.5)
        self.mlflow.delete_version("churn", 2)
        self.mlflow.fault = ""
        Workspace.objects.update(healed_at=None)
        heal_mirror()
        self.work()

        self.assertTrue(RegisteredModel.objects.filter(name="fraud").exists())
        self.assertTrue(Run.objects.filter(mlflow_id="b" * 32).exists())
        self.assertIsNotNone(self.version(2).deleted_at)
        self.assertEqual(Promotion.objects.get().state, "done")
