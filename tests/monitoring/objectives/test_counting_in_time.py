"""What beat starts is known by name, and counts each objective by itself."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from apps.monitoring import selectors_objectives, tasks_objectives
from portal.celery import app
from tests.monitoring.objectives.test_counting import ObjectiveTestCase


class InTimeTests(ObjectiveTestCase):
    def test_every_task_of_the_schedule_is_known(self) -> None:
        names = {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}
        self.assertEqual({name for name in names if name not in app.tasks}, set())

    def test_an_objective_is_counted_by_its_task(self) -> None:
        slo = self.promised()
        self.assertEqual(selectors_objectives.to_count(), [slo.pk])
        for _ in range(10):
            tasks_objectives.count_objective(slo.pk)
        slo.refresh_from_db()
        assert slo.counted_until is not None
        self.assertLess((timezone.now() - slo.counted_until).total_seconds(), 3600)
        self.assertEqual(slo.state, "unknown")

    def test_what_is_gone_or_switched_off_is_left_alone(self) -> None:
        slo = self.promised()
        type(slo).objects.filter(pk=slo.pk).update(enabled=False)
        tasks_objectives.count_objective(slo.pk)
        tasks_objectives.count_objective(10**9)
        slo.refresh_from_db()
        self.assertIsNone(slo.counted_until)
        self.assertEqual(selectors_objectives.to_count(), [])
