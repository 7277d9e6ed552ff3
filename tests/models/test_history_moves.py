"""The history of aliases: one row for each move, with who, when and why."""

from __future__ import annotations

from typing import Any

from apps.core.jobs import run_job
from apps.core.models import Job
from apps.ledger.models import Entry
from apps.models import services
from apps.models.mirror import heal, refresh
from apps.models.models import (
    Alias,
    AliasMove,
    ModelVersion,
    OutOfBandMove,
    Promotion,
    RegisteredModel,
    Workspace,
)
from apps.projects.models import Environment
from tests.base import PortalTestCase
from tests.models.fake_registry import FakeMlflow


class Registry(PortalTestCase):
    """A model of three versions in a fake MLflow, mirrored."""

    def setUp(self) -> None:
        self.mlflow = FakeMlflow()
        self.enterContext(self.mlflow.installed())
        self.workspace = Workspace.objects.create(project=self.fraud)
        self.mlflow.register("churn", versions=3)
        self.heal()
        self.model = RegisteredModel.objects.get(name="churn")

    def heal(self) -> None:
        heal.heal(self.workspace)

    def version(self, number: int) -> ModelVersion:
        return ModelVersion.objects.get(model=self.model, number=number)

    def work(self) -> None:
        """Do what the worker would."""
        for job in Job.objects.filter(state="queued").order_by("pk"):
            run_job(job.pk)

    def promote(self, number: int, environment: Environment | None = None) -> Promotion:
        """The whole way: asked by Cora, approved by Max."""
        place = environment or self.prod
        promotion = services.request_promotion(
            version=self.version(number), environment=place, by=self.cora, note=f"v{number} it is"
        )
        self.work()
        promotion.refresh_from_db()
        if promotion.state == "waiting":
            services.approve(promotion=promotion, by=self.max)
            self.work()
        promotion.refresh_from_db()
        return promotion

    def moves(self) -> list[tuple[Any, ...]]:
        found = AliasMove.objects.order_by("pk").select_related("before", "after", "by")
        return [
            (
                move.name,
                move.before and move.before.number,
                move.after and move.after.number,
                move.by and move.by.username,
                move.out_of_band,
            )
            for move in found
        ]

    def holder(self, alias: str = "prod") -> int | None:
        """Where the alias stands, in MLflow and in the mirror alike."""
        row = Alias.objects.filter(model=self.model, name=alias).select_related("version").first()
        there = self.mlflow.models["churn"]["aliases"].get(alias)
        self.assertEqual(row.version.number if row else None, there)
        return there


class MoveTests(Registry):
    def test_a_promotion_leaves_one_move_with_its_promotion(self) -> None:
        promotion = self.promote(1)
        self.promote(2)
        self.heal()

        self.assertEqual(
            self.moves(), [("prod", None, 1, "cora", False), ("prod", 1, 2, "cora", False)]
        )
        first = AliasMove.objects.earliest("pk")
        self.assertEqual((first.promotion, first.why), (promotion, "v1 it is"))
        self.assertEqual(Alias.objects.get().moved_at, AliasMove.objects.latest("pk").at)
        self.assertFalse(OutOfBandMove.objects.exists())

    def test_a_client_is_named_for_the_alias_it_moved_alone(self) -> None:
        self.mlflow.set_alias("churn", "candidate", 1)
        self.mlflow.set_alias("churn", "champion", 1)
        refresh.model(self.fraud, "churn", by=self.cora, own="candidate")

        self.assertEqual(
            sorted(self.moves()),
            [("candidate", None, 1, "cora", False), ("champion", None, 1, None, True)],
        )

    def test_an_alias_goes_with_its_version_and_with_its_model(self) -> None:
        self.mlflow.set_alias("churn", "champion", 2)
        self.mlflow.set_alias("churn", "candidate", 3)
        self.heal()
        self.mlflow.delete_version("churn", 2)
        refresh.version(self.fraud, "churn", 2, by=self.cora)
        self.assertEqual(self.moves()[-1], ("champion", 2, None, "cora", False))

        self.mlflow.delete_model("churn")
        self.heal()
        self.assertEqual(self.moves()[-1], ("candidate", 3, None, None, True))
        self.assertFalse(Alias.objects.exists())

    def test_a_move_and_its_ledger_record_stand_or_fall_together(self) -> None:
        self.mlflow.set_alias("churn", "champion", 1)
        self.heal()
        self.mlflow.set_alias("churn", "champion", 2)
        self.heal()

        told = [entry.data["version"] for entry in Entry.objects.filter(verb="models.alias_moved")]
        kept = [[move.before_id, move.after_id] for move in AliasMove.objects.order_by("pk")]
        self.assertEqual(sorted(told, key=str), sorted(kept, key=str))
        self.assertEqual(len(kept), 2)

    def test_an_older_list_of_mlflows_does_not_undo_a_newer_move(self) -> None:
        self.promote(1)
        listed = self.mlflow.answer("GET", "2.0/mlflow/registered-models/search", {})
        self.promote(2)
        heal._aliases(self.fraud, listed["registered_models"])

        self.assertEqual(self.holder(), 2)
        self.assertEqual(len(self.moves()), 2)

    def test_a_promotion_cut_off_after_mlflow_took_it_is_not_taken_for_a_strangers(self) -> None:
        promotion = services.request_promotion(
            version=self.version(1), environment=self.staging, by=self.cora
        )
        services.settle_gates(promotion=promotion)
        self.mlflow.set_alias("churn", "staging", 1)  # and the worker is killed here
        self.heal()
        self.assertEqual(self.moves(), [("staging", None, 1, "cora", False)])

        self.work()
        promotion.refresh_from_db()
        self.assertEqual((promotion.state, len(self.moves())), ("done", 1))


class HistoryFaceTests(Registry):
    def setUp(self) -> None:
        super().setUp()
        self.promote(1)
        self.mlflow.set_alias("churn", "champion", 2)
        self.heal()
        self.url = f"/api/v1/models/{self.model.pk}/alias-moves/"

    def test_the_moves_are_read_by_rest_newest_first(self) -> None:
        client = self.api(self.carol)
        champion, prod = client.get(self.url).json()["results"]

        self.assertEqual((champion["name"], champion["by"]), ("champion", None))
        self.assertTrue(champion["out_of_band"])
        self.assertIsNone(champion["out_of_band_id"])
        self.assertEqual((prod["by"], prod["approved_by"]), ("cora", "max"))
        self.assertEqual((prod["before"], prod["after"]["number"]), (None, 1))
        self.assertEqual(prod["why"], "v1 it is")
        for query, names in (
            ("name=prod", ["prod"]),
            ("out_of_band=true", ["champion"]),
            ("kind=stage", []),
        ):
            found = client.get(f"{self.url}?{query}").json()["results"]
            self.assertEqual([each["name"] for each in found], names, query)
        for query in ("kind=x", "out_of_band=2"):
            self.assertEqual(client.get(f"{self.url}?{query}").status_code, 400, query)

    def test_they_are_on_the_models_page_and_on_one_of_their_own(self) -> None:
        self.client.force_login(self.carol)
        for page in (self.model.get_absolute_url(), f"/models/{self.model.pk}/history/"):
            shown = self.client.get(page)
            self.assertContains(shown, "approved by max")
            self.assertContains(shown, "outside the portal")
            self.assertContains(shown, "not asked for in the portal")

    def test_strangers_find_nothing(self) -> None:
        self.assertEqual(self.api(self.bob).get(self.url).status_code, 404)
        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(f"/models/{self.model.pk}/history/").status_code, 404)
        nowhere = f"/api/v1/models/{10**17}/alias-moves/"
        self.assertEqual(self.api(self.carol).get(nowhere).status_code, 404)
