"""What each kind of gate lets pass, what it refuses, and what it keeps as evidence."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from scipy import stats

from apps.core.errors import Invalid
from apps.docs import services as docs
from apps.models import gates
from apps.models.gates import Candidate, Finding, Kind, Settings, champion, student
from apps.models.gates.champion import NotWorse
from apps.models.models import Dataset, Gate, ModelVersion
from apps.projects.models import FreezeWindow
from tests.base import PortalTestCase
from tests.models import registered
from tests.models.fake_versions import fake_mlflow


class GateCase(PortalTestCase):
    def find(self, version: ModelVersion, kind: str, **settings: Any) -> Finding:
        """What a gate of the kind says at the door of staging."""
        gate = Gate(kind=kind, settings=gates.checked(kind, settings))
        return gates.find(gate, Candidate(version, self.staging))


class MetricTests(GateCase):
    def test_floor_and_ceiling_look_in_opposite_directions(self) -> None:
        made = registered.version(self.fraud, "m", 1, {"auc": 0.8, "loss": 0.3})
        self.assertTrue(self.find(made, "metric_floor", metric="auc", floor=0.8).passed)
        self.assertFalse(self.find(made, "metric_floor", metric="auc", floor=0.81).passed)
        self.assertTrue(self.find(made, "metric_ceiling", metric="loss", ceiling=0.3).passed)
        above = self.find(made, "metric_ceiling", metric="loss", ceiling=0.29)
        self.assertEqual(above.sentence, "loss is 0.3, above the ceiling of 0.29.")
        self.assertEqual(above.evidence["value"], 0.3)

    def test_what_is_not_there_does_not_pass(self) -> None:
        made = registered.version(self.fraud, "m", 1, {"auc": math.nan})
        self.assertIn(
            "no metric", self.find(made, "metric_ceiling", metric="x", ceiling=1).sentence
        )
        self.assertFalse(self.find(made, "metric_floor", metric="auc", floor=-9).passed)
        made.run = None
        self.assertIn("no run", self.find(made, "metric_floor", metric="auc", floor=0).sentence)

    def test_every_slice_has_to_reach_the_bound(self) -> None:
        logged = {"acc/slice/north": 0.9, "acc/slice/south": 0.7, "acc": 0.89}
        made = registered.version(self.fraud, "m", 1, logged)
        self.assertTrue(self.find(made, "slice_floor", metric="acc", bound=0.7).passed)
        weak = self.find(made, "slice_floor", metric="acc", bound=0.8)
        self.assertFalse(weak.passed)
        self.assertEqual((weak.evidence["worst"], weak.evidence["failing"]), ("south", ["south"]))
        low = self.find(made, "slice_floor", metric="acc", bound=0.9, better="lower")
        self.assertTrue(low.passed)
        named = self.find(made, "slice_floor", metric="acc", bound=0.1, slices=["east"])
        self.assertIn("on the slice east", named.sentence)
        self.assertFalse(self.find(made, "slice_floor", metric="f1", bound=0).passed)

    def test_slices_may_stand_in_a_file_of_the_run(self) -> None:
        made = registered.version(self.fraud, "m", 1)
        folder = registered.run_of(made).artifact_uri.removeprefix("mlflow-artifacts:/")
        asked = {"metric": "acc", "bound": 0.5, "artifact": "slices.json"}
        with fake_mlflow() as fake:
            self.assertIn("no file", self.find(made, "slice_floor", **asked).sentence)
            told = {"a": {"acc": 0.6}, "b": {"acc": 0.4}, "c": {"f1": 1}, "d": 3}
            fake.files[f"{folder}/slices.json"] = json.dumps(told).encode()
            found = self.find(made, "slice_floor", **asked)
            fake.files[f"{folder}/slices.json"] = b"{"
            broken = self.find(made, "slice_floor", **asked)
        self.assertEqual(found.evidence["values"], {"a": 0.6, "b": 0.4})
        self.assertFalse(found.passed)
        self.assertIn("is not JSON", broken.sentence)


class ChampionTests(GateCase):
    def test_the_first_version_has_nothing_to_beat(self) -> None:
        made = registered.version(self.fraud, "m", 1, {"auc": 0.1})
        self.assertTrue(self.find(made, "champion", metric="auc", margin=0).passed)

    def test_one_number_each_is_compared_and_says_that_nothing_was_tested(self) -> None:
        self.champion({"auc": 0.90, "loss": 0.2})
        made = registered.version(self.fraud, "m", 2, {"auc": 0.89, "loss": 0.25})
        within = self.find(made, "champion", metric="auc", margin=0.01)
        self.assertTrue(within.passed)
        self.assertIn("nothing was tested", within.sentence)
        self.assertFalse(self.find(made, "champion", metric="auc", margin=0.005).passed)
        loss = {"metric": "loss", "better": "lower"}
        self.assertFalse(self.find(made, "champion", margin=0.01, **loss).passed)
        self.assertTrue(self.find(made, "champion", margin=0.06, **loss).passed)
        self.assertIn(
            "Champion:",
            self.find(self.with_metric("new"), "champion", metric="new", margin=0).sentence,
        )

    def test_folds_are_tested_in_pairs(self) -> None:
        theirs = {f"cv_{fold}": value for fold, value in enumerate([0.80, 0.82, 0.79, 0.81, 0.83])}
        self.champion(theirs)
        better = {name: value + 0.02 + 0.001 * (value > 0.8) for name, value in theirs.items()}
        noisy = dict(zip(theirs, [0.9, 0.7, 0.9, 0.7, 0.85], strict=True))
        asked = {"metric": "accuracy", "folds": "cv_", "margin": 0.005}
        self.assertTrue(
            self.find(registered.version(self.fraud, "m", 2, better), "champion", **asked).passed
        )
        unsure = self.find(registered.version(self.fraud, "m", 3, noisy), "champion", **asked)
        self.assertFalse(unsure.passed)
        self.assertIn("does not rule out", unsure.sentence)
        self.assertEqual(unsure.evidence["test"]["degrees_of_freedom"], 4)
        other = self.find(
            registered.version(self.fraud, "m", 4, {"cv_0": 1.0}), "champion", **asked
        )
        self.assertIn("share 1", other.sentence)

    def test_rows_are_tested_in_pairs(self) -> None:
        held = self.champion({})
        made = registered.version(self.fraud, "m", 2)
        noise = np.random.default_rng(7)
        theirs = noise.normal(1.0, 0.5, 400)
        asked = {"metric": "log loss", "losses": "rows.json", "margin": 0.05, "better": "lower"}
        with fake_mlflow() as fake:
            folders = [
                registered.run_of(each).artifact_uri.removeprefix("mlflow-artifacts:/")
                for each in (made, held)
            ]
            fake.files[f"{folders[1]}/rows.json"] = json.dumps(theirs.tolist()).encode()
            for shift, passed in ((0.0, True), (0.2, False)):
                mine = theirs + shift + noise.normal(0, 0.1, 400)
                fake.files[f"{folders[0]}/rows.json"] = json.dumps(mine.tolist()).encode()
                found = self.find(made, "champion", **asked)
                self.assertEqual(found.passed, passed, found.sentence)
                expected = stats.ttest_1samp(theirs - mine, -0.05, alternative="greater")
                self.assertAlmostEqual(found.evidence["test"]["p_value"], expected.pvalue, places=9)
            fake.files[f"{folders[0]}/rows.json"] = b"[1, 2]"
            self.assertIn("same rows", self.find(made, "champion", **asked).sentence)
            fake.files[f"{folders[0]}/rows.json"] = b'["x"]'
            self.assertIn("neither a list", self.find(made, "champion", **asked).sentence)

    def test_the_test_holds_its_error_rate(self) -> None:
        """A candidate that loses exactly the margin passes in about 5 of 100 cases, and not more."""
        noise = np.random.default_rng(3)
        asked = NotWorse(metric="x", margin=0.1)
        draws = noise.normal(-0.1, 1.0, (2_000, 40))
        passed = sum(champion.paired_t(row.tolist(), asked).p_value <= 0.05 for row in draws)
        self.assertAlmostEqual(passed / 2_000, 0.05, delta=0.015)

    def test_equal_folds_are_not_worse(self) -> None:
        test = champion.resampled([0.0, 0.0, 0.0], NotWorse(metric="x", margin=0))
        self.assertEqual(test.p_value, 0.0)

    def champion(self, metrics: dict[str, float]) -> ModelVersion:
        held = registered.version(self.fraud, "m", 1, metrics)
        registered.hold(held, "staging")
        return held

    def with_metric(self, name: str) -> ModelVersion:
        return registered.version(self.fraud, "m", 9, {name: 1.0})


@pytest.mark.parametrize("df", [1, 2, 4, 9, 29, 399, 200_000])
def test_students_distribution_is_that_of_scipy(df: int) -> None:
    for t in (-8.0, -1.3, 0.0, 0.01, 0.7, 2.1, 12.0):
        assert student.upper_tail(t, df) == pytest.approx(stats.t.sf(t, df), rel=1e-8, abs=1e-15)
    for confidence in (0.5, 0.9, 0.95, 0.999):
        assert student.quantile(confidence, df) == pytest.approx(
            stats.t.ppf(confidence, df), rel=1e-7, abs=1e-7
        )


class PlaceTests(GateCase):
    def test_a_frozen_environment_takes_nothing(self) -> None:
        made = registered.version(self.fraud, "m", 1)
        self.assertTrue(self.find(made, "freeze_window").passed)
        now = timezone.now()
        FreezeWindow.objects.create(
            environment=self.staging,
            starts_at=now - timedelta(hours=1),
            ends_at=now + timedelta(hours=1),
            reason="Year end.",
        )
        found = self.find(made, "freeze_window")
        self.assertFalse(found.passed)
        self.assertIn("Year end.", found.sentence)

    def test_old_data_does_not_pass(self) -> None:
        read = {"dataset_inputs": [{"dataset": {"name": "rows", "digest": "d1"}}]}
        made = registered.version(self.fraud, "m", 1, inputs=read)
        self.assertTrue(self.find(made, "data_fresh", days=7).passed)
        Dataset.objects.update(seen_at=timezone.now() - timedelta(days=8))
        self.assertFalse(self.find(made, "data_fresh", days=7).passed)
        self.assertIn("no data", self.find(made, "data_fresh", days=7, context="eval").sentence)


class DocumentTests(GateCase):
    def test_a_runbook_has_to_name_the_model(self) -> None:
        made = registered.version(self.fraud, "churn", 1)
        self.write("runbook", "# Other\n", "other")
        self.assertFalse(self.find(made, "runbook").passed)
        self.write("runbook", "# What to do\n", "churn")
        self.assertTrue(self.find(made, "runbook").passed)

    def test_a_card_has_to_have_text_under_its_headings(self) -> None:
        made = registered.version(self.fraud, "churn", 1)
        self.assertIn("No model card", self.find(made, "card").sentence)
        self.write("card", "# Card\n\n## Data\n\nRows.\n\n## Limits\n", "churn")
        asked = {"sections": ["Data", "limits"]}
        found = self.find(made, "card", **asked)
        self.assertEqual(found.evidence["lacking"], ["limits"])
        self.write("card", "# Card\n\n## Data\n\nRows.\n\n## Limits\n\nMany.\n", "churn")
        self.assertTrue(self.find(made, "card", **asked).passed)

    def write(self, kind: str, body: str, model: str) -> None:
        front = f"---\napplies_to:\n  models: [{model}]\n---\n"
        docs.write(project=self.fraud, kind=kind, body=front + body, by=self.ada)


class RegistryTests(GateCase):
    def test_a_kind_from_another_room_is_asked_as_the_own_ones(self) -> None:
        made = registered.version(self.fraud, "m", 1)
        kind = Kind(
            "purse", "Purse", "It fits.", Settings, lambda asked, given: Finding(True, "ok")
        )
        gates.register(kind)
        self.addCleanup(gates.KINDS.pop, "purse")
        self.assertTrue(self.find(made, "purse").passed)
        with self.assertRaises(ValueError):
            gates.register(kind)

    def test_what_cannot_be_judged_does_not_pass(self) -> None:
        made = registered.version(self.fraud, "m", 1)
        at = Candidate(made, self.staging)
        gone = gates.find(Gate(kind="gone", settings={}), at)
        old = gates.find(Gate(kind="metric_floor", settings={"metric": "a"}), at)
        self.assertFalse(gone.passed or old.passed)
        self.assertIn("no gate of the kind gone", gone.sentence)
        self.assertIn("out of date", old.sentence)

    def test_every_kind_of_the_design_is_there_and_refuses_what_it_does_not_know(self) -> None:
        wanted = {
            "metric_floor", "metric_ceiling", "champion", "slice_floor", "signature", "safe_files",
            "licence", "freeze_window", "data_fresh", "runbook", "card", "drift",
        }  # fmt: skip
        self.assertLessEqual(wanted, set(gates.KINDS))
        for kind in gates.KINDS:
            with self.assertRaises(Invalid) as refused:
                gates.checked(kind, {"nonsense": 1})
            self.assertIn("settings.", str(refused.exception))


def test_the_cast_of_kinds_says_what_it_is_for() -> None:
    assert all(kind.title and kind.summary.endswith(".") for kind in gates.KINDS.values())
