"""Each kind of monitor: it fires where it should, keeps quiet where it should, and says where it cannot know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sklearn.metrics import f1_score, ndcg_score, r2_score, roc_auc_score

from apps.monitoring import services
from apps.monitoring.looks import bounds, figures
from apps.monitoring.looks.labelled import Columns
from apps.monitoring.models import Measurement, Monitor, Verdict
from apps.predictions.models import SetAside
from apps.predictions.rows import Row
from tests.monitoring.looks.stage import StageTestCase, columns

Kind = Monitor.Kind


class KindTests(StageTestCase):
    def seen(self, monitor: Monitor, **later: float) -> Verdict:
        verdict = self.look(monitor, **later)
        assert verdict is not None
        return verdict

    def found(self, verdict: Verdict, name: str, kind: str = "") -> dict[str, Any]:
        return next(
            f for f in verdict.findings if f["name"] == name and (not kind or f["type"] == kind)
        )

    def answered(self, right: float, count: int = 400, seed: int = 0) -> list[str]:
        """Rows of which so large a share is answered rightly, with their truth."""
        chance = np.random.default_rng(seed)
        truth = chance.integers(0, 2, count)
        given = np.where(chance.random(count) < right, truth, 1 - truth)
        rows = columns(lambda n: {"country": "at" if n % 2 else "de"}, count)
        keys = self.predict(rows, [{"prediction": int(each)} for each in given])
        self.truths(keys, [int(each) for each in truth])
        return keys

    def test_data_quality_names_what_is_wrong(self) -> None:
        good = columns(lambda n: {"age": float(n % 60), "plan": "ab"[n % 2]}, 400)
        baseline = services.baseline_from_rows(deployment=self.deployment, rows=good, by=self.cora)
        monitor = self.watch(Kind.DATA_QUALITY, baseline=baseline)
        self.predict(good[:200])
        self.assertEqual(self.seen(monitor).level, "ignore")
        bad = columns(
            lambda n: {"age": (None, 900.0, "x", 3.0)[n % 4], "plan": "z" if n % 2 else "a"}, 200
        )
        self.now += timedelta(minutes=1)
        self.predict(bad)
        verdict = self.seen(monitor, minutes=1)
        self.assertEqual(verdict.level, "act")
        for name, kind in (
            ("age", "missing"), ("age", "type"), ("age", "range"), ("plan", "new category"),
        ):  # fmt: skip
            self.assertEqual(self.found(verdict, name, kind)["level"], "act", kind)

    def test_rows_set_aside_count_against_data_quality(self) -> None:
        rows = columns(lambda n: {"age": float(n % 60)}, 200)
        baseline = services.baseline_from_rows(deployment=self.deployment, rows=rows, by=self.cora)
        monitor = self.watch(Kind.DATA_QUALITY, baseline=baseline)
        self.predict(rows)
        SetAside.objects.bulk_create(
            SetAside(
                project_id=self.fraud.pk, deployment_id=self.deployment.pk, reason="r",
                payload=b"", at=self.now - timedelta(seconds=5),
            )
            for _ in range(100)
        )  # fmt: skip
        self.assertEqual(self.found(self.seen(monitor, seconds=1), "rows")["level"], "act")

    def test_performance_falls_below_what_it_was(self) -> None:
        monitor = self.watch(Kind.PERFORMANCE, window_rows=400)
        self.answered(0.95)
        first = self.seen(monitor)
        self.assertEqual(first.level, "too_few")
        self.assertIn("no floor", first.findings[0]["reason"])
        self.now += timedelta(hours=1)
        self.answered(0.94, seed=1)
        self.assertEqual(self.seen(monitor).level, "ignore")
        self.now += timedelta(hours=1)
        self.answered(0.5, seed=2)
        self.assertEqual(self.seen(monitor).level, "act")

    def test_a_slice_that_fails_alone_is_named(self) -> None:
        monitor = self.watch(
            Kind.PERFORMANCE, window_rows=800, settings={"floor": 0.6, "slice_by": "country"}
        )
        rows = columns(lambda n: {"country": "at" if n % 2 else "de"}, 800)
        keys = self.predict(rows, columns(lambda n: {"prediction": 1}, 800))
        self.truths(keys, [n % 2 or n % 4 // 3 for n in range(800)])
        verdict = self.seen(monitor)
        levels = {f["name"]: f["level"] for f in verdict.findings}
        self.assertEqual((levels["country=de"], levels["country=at"]), ("act", "ignore"))
        self.assertTrue(Measurement.objects.filter(part="country=de", value=0).exists())

    def test_late_labels_are_judged_when_they_come(self) -> None:
        monitor = self.watch(Kind.PERFORMANCE, settings={"floor": 0.5})
        keys = self.predict(columns(lambda n: {}, 200), columns(lambda n: {"prediction": 1}, 200))
        self.assertIsNone(self.look(monitor))
        self.truths(keys[-1:], [1])
        self.assertEqual(self.seen(monitor, minutes=1).level, "too_few")
        self.truths(keys[:-1], [0] * 199)
        self.assertEqual(self.seen(monitor, minutes=1).level, "act")

    def test_an_answer_without_the_column_is_a_failure_with_the_remedy(self) -> None:
        monitor = self.watch(Kind.PERFORMANCE, settings={"prediction": "nope"})
        keys = self.predict([{}] * 40, columns(lambda n: {"a": 1, "b": 2}, 40))
        self.truths(keys, [1] * 40)
        with self.assertRaisesMessage(Exception, "There are a, b; name one in the settings"):
            self.look(monitor)

    def probabilities(self, count: int, sharp: float, *, honest: bool = True) -> None:
        chance = np.random.default_rng(count)
        p = np.where(chance.random(count) < 0.5, sharp, 1 - sharp)
        truth = chance.random(count) < (p if honest else 0.5)
        rows = columns(lambda n: {"probability": float(p[n])}, count)
        self.keys = self.predict([{}] * count, rows)
        self.truth = [int(each) for each in truth]

    def test_estimated_performance_speaks_only_where_calibrated(self) -> None:
        monitor = self.watch(Kind.ESTIMATED, window_rows=1000)
        self.probabilities(1500, 0.9)
        self.assertIn("200 labelled rows", self.seen(monitor).findings[0]["reason"])
        self.truths(self.keys, self.truth)
        self.now += timedelta(hours=1)
        self.probabilities(1000, 0.9)
        good = self.seen(monitor)
        self.assertEqual(good.level, "ignore")
        self.assertAlmostEqual(good.findings[0]["effect"], 0.9, places=2)
        self.now += timedelta(hours=1)
        self.probabilities(1001, 0.55)
        self.assertEqual(self.seen(monitor).level, "act")

    def test_estimated_performance_is_not_sound_without_calibration(self) -> None:
        monitor = self.watch(Kind.ESTIMATED)
        self.probabilities(1500, 0.9, honest=False)
        self.truths(self.keys, self.truth)
        self.assertIn("Not sound: the calibration error", self.seen(monitor).findings[0]["reason"])

    def test_labels_that_stop_are_an_alert_with_since_when(self) -> None:
        monitor = self.watch(Kind.LABELS)
        self.now -= timedelta(hours=60)
        self.answered(1.0, count=100)
        self.now += timedelta(hours=26)
        self.assertEqual(self.seen(monitor).level, "ignore")
        self.predict([{}] * 400)
        verdict = self.seen(monitor, hours=30)
        self.assertEqual(verdict.level, "act")
        self.assertGreater(self.found(verdict, "lag")["effect"], 48)
        self.assertIn("performance unknown since 2026-02-27 23:59", monitor.alerts.get().summary)

    def test_traffic_that_stops_is_seen_against_the_days_before(self) -> None:
        monitor = self.watch(Kind.TRAFFIC)
        for day in (0, 1, 2, 3):
            self.asked(900, at=self.now - timedelta(days=day, minutes=5))
        self.assertEqual(self.seen(monitor).level, "ignore")
        verdict = self.seen(monitor, minutes=15)
        self.assertEqual((verdict.level, verdict.rows), ("too_few", 0))
        self.now += timedelta(days=1) - timedelta(minutes=15)
        self.assertEqual(self.seen(monitor).level, "act")

    def test_traffic_without_a_history_says_so(self) -> None:
        verdict = self.seen(self.watch(Kind.TRAFFIC))
        self.assertEqual(verdict.level, "too_few")
        self.assertIn("0 requests are usual", verdict.findings[0]["reason"])

    def test_slow_answers_are_held_against_the_day_before(self) -> None:
        monitor = self.watch(Kind.LATENCY)
        self.asked(5000, ms=20, at=self.now - timedelta(hours=5))
        self.asked(1000, ms=20, at=self.now - timedelta(minutes=5))
        self.assertEqual(self.seen(monitor).level, "ignore")
        self.asked(2000, ms=90, at=self.now + timedelta(minutes=5))
        self.assertEqual(self.seen(monitor, minutes=16).level, "act")

    def test_errors_need_more_than_a_bad_second(self) -> None:
        monitor = self.watch(Kind.ERRORS)
        self.asked(60, failures=3, at=self.now - timedelta(minutes=5))
        self.assertNotEqual(self.seen(monitor).level, "act")
        self.asked(1000, failures=100, at=self.now)
        self.assertEqual(self.seen(monitor, minutes=1).level, "act")

    def test_staleness_counts_days_and_hours(self) -> None:
        monitor = self.watch(Kind.STALENESS)
        self.predict([{}] * 5)
        self.assertEqual(self.seen(monitor, minutes=1).level, "ignore")
        verdict = self.seen(monitor, hours=25)
        self.assertEqual(self.found(verdict, "age of the newest row")["level"], "act")

    def test_fairness_sees_a_gap_of_groups(self) -> None:
        monitor = self.watch(Kind.FAIRNESS, window_rows=2000, settings={"group": "country"})
        rows = columns(lambda n: {"country": "at" if n % 2 else "de"}, 2000)
        self.predict(rows, columns(lambda n: {"prediction": int(n % 4 < 2)}, 2000))
        self.assertEqual(self.seen(monitor).level, "ignore")
        self.now += timedelta(minutes=10)
        self.predict(rows, columns(lambda n: {"prediction": n % 2}, 2000))
        verdict = self.seen(monitor, minutes=10)
        self.assertEqual(verdict.level, "act")
        self.assertEqual(verdict.findings[0]["name"], "at over de")

    def test_prediction_drift_compares_with_the_rows_before(self) -> None:
        monitor = self.watch(Kind.PREDICTION_DRIFT)
        self.predict([{}] * 2000, columns(lambda n: {"prediction": n % 100}, 2000))
        self.assertEqual(self.seen(monitor).level, "ignore")
        self.now += timedelta(minutes=10)
        self.predict([{}] * 200, columns(lambda n: {"prediction": 90 + n % 5}, 200))
        self.assertEqual(self.seen(monitor).level, "act")


def labelled(given: list[Any], truth: list[Any], probability: list[float]) -> list[Row]:
    now = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    return [
        Row(str(n), now, {}, {"prediction": a, "probability": p}, truth=t)
        for n, (a, t, p) in enumerate(zip(given, truth, probability, strict=True))
    ]


def test_figures_are_those_of_scikit_learn() -> None:
    chance = np.random.default_rng(3)
    truth = chance.integers(0, 2, 500)
    p = np.clip(truth * 0.3 + chance.random(500) * 0.7, 0, 1).round(2)
    rows = labelled([int(x) for x in p > 0.5], [int(x) for x in truth], [float(x) for x in p])
    given = Columns()
    assert np.isclose(figures.auc(rows, given).value, roc_auc_score(truth, p))
    assert np.isclose(figures.f1(rows, given).value, f1_score(truth, p > 0.5))

    numbers = chance.normal(size=500)
    guessed = numbers + chance.normal(size=500) / 3
    rows = labelled([float(x) for x in guessed], [float(x) for x in numbers], [0.5] * 500)
    assert np.isclose(figures.r2(rows, given).value, r2_score(numbers, guessed))

    worth = chance.integers(0, 4, (20, 8))
    scores = chance.random((20, 8))
    groups = [
        labelled([float(x) for x in s], [int(x) for x in w], [0.5] * 8)
        for s, w in zip(scores, worth, strict=True)
    ]
    ours = figures.ndcg(groups, given, 5).value
    assert np.isclose(ours, ndcg_score(2.0**worth - 1, scores, k=5))


def test_the_interval_of_a_share_holds_its_error_rate() -> None:
    chance = np.random.default_rng(5)
    for true, rows in ((0.02, 60), (0.5, 40), (0.98, 200)):
        hits = chance.binomial(rows, true, 4000)
        ends = {int(h): bounds.share(int(h), rows).bounds(0.05) for h in set(hits)}
        missed = sum(not ends[int(h)][0] <= true <= ends[int(h)][1] for h in hits)
        assert missed / 4000 <= 0.05


def test_the_interval_of_a_count_holds_its_error_rate() -> None:
    chance = np.random.default_rng(6)
    for expected in (3.0, 40.0, 900.0):
        counts = chance.poisson(expected, 3000)
        ends = {int(c): bounds.rate(int(c), expected).bounds(0.05) for c in set(counts)}
        missed = sum(not ends[int(c)][0] <= 1 <= ends[int(c)][1] for c in counts)
        assert missed / 3000 <= 0.05
    low, high = bounds.rate(0, 50).bounds(1e-8)
    assert low == 0
    assert high < 1
