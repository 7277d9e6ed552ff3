"""The story of a bad release: what the careless version answers is worse than the demo's monitor bears."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from apps.demo import faults
from apps.demo.services.furnishing import WATCHED, WINDOW
from apps.demo.services.traffic import BATCH, BURST
from apps.demo.worlds import World, world
from apps.monitoring.models import Monitor
from tests.monitoring.looks.stage import StageTestCase

LOOKS = 12  # two minutes of the story


class BadReleaseTests(StageTestCase):
    def test_a_careless_version_of_the_tumours_is_noticed(self) -> None:
        self.notice(world("tumour-screening"))

    def test_a_careless_version_of_the_diabetes_is_noticed(self) -> None:
        self.notice(world("diabetes-outlook"))

    def test_a_careless_version_of_the_digits_is_noticed(self) -> None:
        self.notice(world("digit-reading"))

    def notice(self, place: World) -> None:
        """Calm while the good version answers, and alerting while the careless one does."""
        good, bad, rows, truths = _models(place)
        monitor = self.watch_as(place)
        for model, before, expected in ((good, "too_few", "calm"), (bad, "calm", "alerting")):
            for _ in range(LOOKS):
                self.serve(model, rows, truths, seconds=10)
                self.look(monitor, seconds=10)
                self.assertIn(self.state(monitor), {before, expected})
            self.assertEqual(self.state(monitor), expected)

    def watch_as(self, place: World) -> Monitor:
        """The monitor of quality, as the demo sets it up."""
        [(name, kind, seconds, settings)] = [
            row for row in WATCHED if row[1] == Monitor.Kind.PERFORMANCE
        ]
        return self.watch(
            kind,
            name=f"{name} {place.slug}",
            settings={**settings, "floor": place.floor},
            window_rows=WINDOW[kind],
            every_seconds=seconds,
            hold_seconds=120,
        )

    def serve(self, model: Any, rows: faults.Rows, truths: pd.Series, *, seconds: int) -> None:
        """What a story sends in so many seconds, answered and with its truth."""
        count = BATCH * BURST * seconds
        chosen = faults.choose(rows, start=self.logged, count=count, is_shifted=False)
        asked = pd.DataFrame([rows.rows[n] for n in chosen], columns=list(rows.columns))
        answers = [{"prediction": each} for each in model.predict(asked).tolist()]
        keys = self.predict([{}] * count, answers)
        self.truths(keys, [truths[n] for n in chosen])


def _models(place: World) -> tuple[Any, Any, faults.Rows, Any]:
    """The version that serves, the careless one, and the rows that were held out."""
    job = import_module(f"apps.demo.scripts.{place.script}").job()
    train, test, labels, truth = train_test_split(
        job.inputs, job.target, test_size=0.4, random_state=7
    )
    slipped = pd.Series(np.roll(labels.to_numpy(), 7), index=labels.index)
    good = job.candidates[0][2].fit(train, labels)
    bad = job.careless.fit(train, slipped)
    rows = faults.Rows(list(test.columns), test.to_numpy().tolist(), truth.tolist(), [])
    return good, bad, rows, truth.tolist()
