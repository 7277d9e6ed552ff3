"""A check that asks the prediction log in SQL."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from django.utils import timezone

from apps.core.errors import Invalid, NotFound, PortalError
from apps.docs import blocks
from apps.incidents import runbooks
from apps.incidents.models import Step
from apps.predictions import asking
from apps.predictions import services as predictions
from apps.predictions.errors import BadQuestion, TooMuchAsked
from apps.predictions.models import Kind
from apps.predictions.sources import Source
from tests.base import PortalTestCase
from tests.incidents.after.base import Scene

COUNT = 'SELECT count(*) AS n, max("outputs.score") AS worst FROM predictions'
CITIES = 'SELECT "inputs.city", count(*) AS n FROM predictions GROUP BY 1 ORDER BY 1'
RUNBOOK = f"""# Odd scores

- check: sql: fraud-live: {COUNT}
- check: sql: fraud-live 2d: {CITIES}
- check: sql: fraud-live: DELETE FROM predictions
"""


class SqlCheckTests(Scene, PortalTestCase):
    def setUp(self) -> None:
        self.place = self.deploy()
        now = timezone.now()
        records = [
            {
                "id": str(n),
                "time": (now - timedelta(hours=hours)).isoformat(),
                "inputs": {"city": city},
                "outputs": {"score": n / 4},
            }
            for n, (city, hours) in enumerate([("Bern", 0.5), ("<b>Chur", 0.6), ("Bern", 30)])
        ]
        source = Source(self.place.pk, self.fraud.pk, self.place.slug)
        predictions.append(source=source, kind=Kind.PREDICTION, records=records)
        self.row = self.open(self.place)
        runbooks.take(incident=self.row, document=self.write(RUNBOOK), by=self.ada)
        self.client.force_login(self.rita)

    def check(self, position: int) -> tuple[str, Step]:
        step = self.row.steps.all()[position]
        answer = self.client.post(f"/incidents/steps/{step.pk}/check/")
        step.refresh_from_db()
        return answer.content.decode(), step

    def refused(self, text: str, error: type[PortalError], user: object = None) -> None:
        with self.assertRaises(error):
            blocks.answer(user or self.rita, self.fraud.pk, f"sql: {text}")  # type: ignore[arg-type]

    def test_the_last_hour_is_asked_and_its_numbers_are_kept(self) -> None:
        _, step = self.check(0)
        self.assertEqual((step.state, step.result), ("done", f"{COUNT}: n = 2, worst = 0.25"))

    def test_a_longer_window_shows_its_rows_and_keeps_no_text_of_them(self) -> None:
        page, step = self.check(1)
        self.assertIn("&lt;b&gt;Chur", page)
        self.assertTrue(step.result.endswith(": 2 rows"))

    def test_what_is_no_question_leaves_the_step_open(self) -> None:
        page, step = self.check(2)
        self.assertIn("query: not authorized", page)
        self.assertEqual(step.state, "open")

    def test_it_asks_within_the_project_and_within_bounds(self) -> None:
        self.refused(f"fraud-live: {COUNT}", NotFound, self.bob)
        self.refused(f"elsewhere: {COUNT}", NotFound)
        with self.assertRaises(NotFound):
            blocks.answer(self.sam, self.other.pk, f"sql: fraud-live: {COUNT}")
        self.refused(COUNT, Invalid)
        self.refused(f"fraud-live 8d: {COUNT}", Invalid)
        self.refused("fraud-live: SELECT nothing FROM predictions", BadQuestion)
        with mock.patch.object(asking, "MOST_PREDICTIONS", 1):
            self.refused(f"fraud-live: {COUNT}", TooMuchAsked)
