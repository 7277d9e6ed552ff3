"""Long finished runs that changed behind the portal's back are found; `mirror check` counts what differs."""

from __future__ import annotations

from io import StringIO

from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.models.mirror import check
from apps.models.models import Alias, Experiment, ModelVersion, RegisteredModel, Run, Workspace
from tests.models.test_history_moves import Registry


class Logged(Registry):
    """Two finished runs beside the registry."""

    def setUp(self) -> None:
        super().setUp()
        for name in ("a", "b"):
            self.mlflow.log_run(name * 32, accuracy=0.9)
        Workspace.objects.update(healed_at=None)
        self.workspace.refresh_from_db()
        self.heal()
        self.workspace.refresh_from_db()

    def accuracy(self, name: str) -> object:
        return Run.objects.get(mlflow_id=name * 32).metrics["accuracy"]

    def command(self, *words: str) -> str:
        told = StringIO()
        call_command("mirror", *words, stdout=told)
        return told.getvalue()


class LookAgainTests(Logged):
    def test_a_finished_run_that_changed_is_mended(self) -> None:
        self.mlflow.log_run("a" * 32, accuracy=0.1)
        self.heal()
        self.assertEqual((self.accuracy("a"), self.accuracy("b")), (0.1, 0.9))

    def test_a_run_that_is_gone_for_good_is_marked(self) -> None:
        del self.mlflow.runs["a" * 32]
        self.heal()
        self.assertEqual(Run.objects.get(mlflow_id="a" * 32).lifecycle, "deleted")
        self.assertEqual(Run.objects.get(mlflow_id="b" * 32).lifecycle, "active")

    def test_every_run_has_its_turn(self) -> None:
        sample, check.SAMPLE = check.SAMPLE, 1
        self.addCleanup(setattr, check, "SAMPLE", sample)
        for name in ("a", "b"):
            self.mlflow.log_run(name * 32, accuracy=0.2)
        check.look_again(self.fraud)
        self.assertEqual(sorted([self.accuracy("a"), self.accuracy("b")]), [0.2, 0.9])
        check.look_again(self.fraud)
        self.assertEqual((self.accuracy("a"), self.accuracy("b")), (0.2, 0.2))

    def test_what_is_the_same_costs_few_queries_and_no_rewrite(self) -> None:
        before = timezone.now()
        with self.assertNumQueries(3):  # the sample, their values, when they were seen
            check.look_again(self.fraud)
        self.assertEqual(Run.objects.filter(seen_at__gte=before).count(), 2)


class CheckTests(Logged):
    def test_a_level_mirror_differs_in_nothing(self) -> None:
        self.promote(1)
        self.assertIn("fraud: 0 of 8 rows differ", self.command("check"))

    def test_it_counts_by_table_and_rebuilding_makes_it_level(self) -> None:
        self.mlflow.set_alias("churn", "champion", 2)
        Alias.objects.create(
            project=self.fraud, model=self.model, name="gone", version=self.version(1)
        )
        Run.objects.filter(mlflow_id="a" * 32).update(metrics={}, seen_at=timezone.now())
        Run.objects.filter(mlflow_id="b" * 32).delete()
        ModelVersion.objects.filter(number=3).update(stage="Production")
        RegisteredModel.objects.create(project=self.fraud, name="ghost")
        Experiment.objects.create(project=self.fraud, mlflow_id="99", name="ghost")
        told = StringIO()
        with self.assertRaisesMessage(CommandError, "mirror rebuild"):
            call_command("mirror", "check", stdout=told)
        self.assertIn(
            "7 of 11 rows differ (experiments 1 of 2, runs 2 of 2, models 1 of 2, "
            "versions 1 of 3, aliases 2 of 2)",
            told.getvalue(),
        )

        self.assertIn("level", self.command("rebuild", "--project", "fraud"))
        self.assertIn("0 of", self.command("check"))

    def test_prompts_are_in_the_registry_though_mlflow_lists_them_apart(self) -> None:
        self.mlflow.register("greeting", versions=2, prompt=True)
        self.mlflow.set_alias("greeting", "production", 2)
        self.assertIn("level", self.command("rebuild", "--project", "fraud"))
        self.assertEqual(ModelVersion.objects.live().filter(model__name="greeting").count(), 2)
        self.assertIn("fraud: 0 of", self.command("check"))

    def test_it_says_when_it_could_not_look(self) -> None:
        self.mlflow.away = True
        with self.assertRaisesMessage(CommandError, "not answering"):
            self.command("check")
        with self.assertRaisesMessage(CommandError, "nowhere"):
            self.command("check", "--project", "nowhere")
