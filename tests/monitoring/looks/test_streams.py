"""A replayed stream of real data: one alert for one shift, over when the shift ends, held while it flaps."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer

from apps.incidents.models import Incident
from apps.monitoring import services
from apps.monitoring.models import Alert, Monitor, Verdict
from tests.monitoring.looks.stage import StageTestCase

COLUMNS = 6
WINDOW = 200


class StreamTests(StageTestCase):
    def setUp(self) -> None:
        super().setUp()
        data: Any = load_breast_cancer()
        self.values = data.data[:, :COLUMNS]
        self.names = [str(name) for name in data.feature_names[:COLUMNS]]
        self.chance = np.random.default_rng(7)
        training = [dict(zip(self.names, map(float, row), strict=True)) for row in self.values]
        baseline = services.baseline_from_rows(
            deployment=self.deployment, rows=training, by=self.cora
        )
        self.monitor = self.watch(
            Monitor.Kind.INPUT_DRIFT, baseline=baseline, window_rows=WINDOW, hold_seconds=900
        )

    def stream(self, *, shifted: bool, windows: int = 1) -> None:
        """Some minutes of traffic drawn from the table; `shifted`: two columns in another unit."""
        for _ in range(windows):
            drawn = self.values[self.chance.integers(0, len(self.values), WINDOW)].copy()
            if shifted:
                drawn[:, :2] *= 1.6
            self.predict([dict(zip(self.names, map(float, row), strict=True)) for row in drawn])
            self.look(self.monitor)
            self.look(self.monitor, minutes=1)

    def test_one_shift_is_one_alert_that_resolves_by_itself(self) -> None:
        self.stream(shifted=False, windows=5)
        self.assertEqual((self.state(self.monitor), Alert.objects.count()), ("calm", 0))

        self.stream(shifted=True, windows=6)
        alert = Alert.objects.get()
        self.assertEqual((alert.state, self.state(self.monitor)), ("firing", "alerting"))
        self.assertEqual({f["name"] for f in alert.features}, set(self.names[:2]))

        self.stream(shifted=False, windows=2)
        self.assertEqual(Alert.objects.get().state, "resolved")
        self.assertEqual(self.state(self.monitor), "calm")
        self.assertEqual(Incident.objects.get().state, "resolved")

    def test_a_stream_that_flaps_is_one_alert(self) -> None:
        for _ in range(8):
            self.stream(shifted=True)
            self.stream(shifted=False)

        self.assertEqual(Alert.objects.get().state, "firing")

    def test_each_window_is_judged_once(self) -> None:
        self.stream(shifted=False, windows=3)
        self.assertEqual(Verdict.objects.count(), 3)

    def test_an_alert_is_over_after_its_hold_where_the_stream_stops(self) -> None:
        self.stream(shifted=True)
        self.stream(shifted=False)
        self.look(self.monitor, minutes=5)
        self.assertEqual(Alert.objects.get().state, "firing")
        self.look(self.monitor, minutes=10)

        self.assertEqual(Alert.objects.get().state, "resolved")
        last = Verdict.objects.latest("pk")
        self.assertEqual(last.findings[0]["reason"], "No new rows came for 900 seconds.")
        self.assertEqual(self.state(self.monitor), "too_few")
        self.assertIsNone(self.look(self.monitor, minutes=10))
