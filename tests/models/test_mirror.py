"""What a client logs is added to the mirror as MLflow itself would add it."""

from __future__ import annotations

from typing import Any

from apps.ledger.models import Entry
from apps.models.mirror import registry, runs, shapes
from apps.models.models import Alias, Dataset, Experiment, ModelVersion, RegisteredModel, Run
from tests.base import PortalTestCase


class Mirrored(PortalTestCase):
    """An experiment with one run, as MLflow would have told them."""

    def setUp(self) -> None:
        self.experiment = runs.put_experiment(self.fraud, {"experiment_id": "7", "name": "first"})
        self.tell()

    def tell(self, **data: Any) -> None:
        info = {"run_id": "a" * 32, "experiment_id": "7", "status": "RUNNING", "start_time": 1000}
        runs.put_runs(self.fraud, [{"info": info, "data": data.pop("data", {}), **data}])

    @property
    def run_(self) -> Run:
        return Run.objects.get(project=self.fraud, mlflow_id="a" * 32)

    def log(self, *points: tuple[float | str, int, int]) -> None:
        metrics = [
            {"key": "loss", "value": value, "step": step, "timestamp": at}
            for value, step, at in points
        ]
        runs.log(self.fraud, "a" * 32, {"metrics": metrics})


class LogTests(Mirrored):
    def test_the_highest_step_is_the_last_value_in_whatever_order_they_come(self) -> None:
        self.log((0.3, 3, 30))
        self.log((0.1, 1, 10), (0.2, 2, 90))
        self.assertEqual(self.run_.metrics, {"loss": 0.3})

        self.log((0.4, 3, 31))
        self.assertEqual(
            (self.run_.metrics, self.run_.metric_steps), ({"loss": 0.4}, {"loss": [3, 31]})
        )

    def test_values_that_json_has_no_word_for_are_kept_as_words(self) -> None:
        for value in ("NaN", "Infinity", float("-inf")):
            self.log((value, 9, 9))
            self.assertIsInstance(self.run_.metrics["loss"], str)
            Run.objects.update(metrics={}, metric_steps={})

    def test_batches_cost_the_same_whatever_their_size(self) -> None:
        metrics = [{"key": f"m{n}", "value": n, "timestamp": 1} for n in range(500)]
        with self.assertNumQueries(6):  # savepoint, read under lock, run, metrics, params, release
            runs.log(
                self.fraud, "a" * 32, {"metrics": metrics, "params": [{"key": "a", "value": 1}]}
            )
        self.assertEqual(len(self.run_.metrics), 500)

    def test_what_cannot_be_stored_is_replaced(self) -> None:
        runs.log(self.fraud, "a" * 32, {"tags": [{"key": "a\x00b", "value": "\ud800"}]})
        self.assertEqual(self.run_.tags, {"a\ufffdb": "\ufffd"})

    def test_a_run_of_another_project_is_not_known(self) -> None:
        self.assertFalse(runs.log(self.other, "a" * 32, {"params": []}))

    def test_an_older_answer_of_mlflow_does_not_undo_a_newer_write(self) -> None:
        before = self.run_.seen_at
        self.log((0.5, 1, 1))
        info = {"run_id": "a" * 32, "experiment_id": "7", "status": "FAILED"}
        runs.put_runs(self.fraud, [{"info": info, "data": {}}], asked_at=before)

        self.assertEqual((self.run_.status, self.run_.metrics), ("RUNNING", {"loss": 0.5}))

    def test_data_is_known_by_name_and_digest(self) -> None:
        read = {"dataset_inputs": [{"dataset": {"name": "iris", "digest": "d1"}, "tags": []}]}
        self.tell(inputs=read)
        self.tell(inputs=read)
        dataset = Dataset.objects.get()
        self.assertEqual(list(Run.objects.get_queryset().reading(dataset)), [self.run_])

    def test_times_no_calendar_knows_are_no_times(self) -> None:
        for value in (None, 0, -5, "x", 10**30, 1e400, "1e5"):
            self.assertIsNone(shapes.moment(value))


class RegistryTests(Mirrored):
    def setUp(self) -> None:
        super().setUp()
        self.model = registry.put_model(self.fraud, {"name": "m"}, by=self.cora)
        for number in ("1", "2"):
            registry.put_version(self.model, {"version": number, "run_id": "a" * 32}, by=self.cora)

    def verbs(self) -> list[str]:
        found = Entry.objects.filter(verb__startswith="models.").order_by("pk")
        return [entry.verb.partition(".")[2] for entry in found]

    def test_the_same_answer_twice_changes_and_records_nothing_more(self) -> None:
        registry.put_model(self.fraud, {"name": "m"})
        registry.put_version(self.model, {"version": "1", "run_id": "a" * 32})
        self.assertEqual(self.verbs(), ["registered", "version_created", "version_created"])

    def test_an_alias_moves_with_its_record_and_once(self) -> None:
        registry.put_aliases(self.model, {"champion": 1}, by=self.cora)
        registry.put_aliases(self.model, {"champion": 2}, by=self.max)
        registry.put_aliases(self.model, {"champion": 2}, by=self.ada)

        one, two = ModelVersion.objects.order_by("number")
        moves = Entry.objects.filter(verb="models.alias_moved").order_by("pk")
        self.assertEqual(
            [(entry.actor_id, entry.data["version"]) for entry in moves],
            [(self.cora.pk, [None, one.pk]), (self.max.pk, [one.pk, two.pk])],
        )

    def test_a_deleted_model_keeps_its_row_and_comes_back_to_it(self) -> None:
        registry.put_aliases(self.model, {"champion": 1})
        registry.remove_model(self.model, by=self.ada)
        self.assertFalse(Alias.objects.exists())
        self.assertFalse(RegisteredModel.objects.get_queryset().live().exists())

        again = registry.put_model(self.fraud, {"name": "m"})
        self.assertEqual(again.pk, self.model.pk)
        self.assertFalse(ModelVersion.objects.get_queryset().live().exists())

    def test_strangers_see_none_of_it(self) -> None:
        for table in (Experiment, Run, RegisteredModel, ModelVersion):
            self.assertTrue(table.objects.visible_to(self.carol).exists())
            self.assertFalse(table.objects.visible_to(self.bob).exists())
