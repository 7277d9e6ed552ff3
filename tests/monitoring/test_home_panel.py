"""The home page's models in service: what answers, what was asked of it, and what monitors say."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.home import Panel
from apps.deployments.models import Deployment, Release, Tally
from apps.models.models import ModelVersion
from apps.monitoring.models import Measurement, Monitor
from apps.monitoring.panels import MOST, Glance, in_service
from tests.deployments.test_pages import served
from tests.monitoring.looks.stage import StageTestCase

MOST_QUERIES = 6


class HomePanelTests(StageTestCase):
    def panel(self) -> Panel:
        found = in_service(self.rita)
        assert found is not None
        return found

    def rows(self) -> list[Glance]:
        rows: list[Glance] = self.panel().context["rows"]
        return rows

    def asked(self, hours_ago: float, requests: int, **fields: bool) -> None:
        at = timezone.now() - timedelta(hours=hours_ago)
        Tally.objects.create(
            release=Release.objects.get(), gateway="g", at=at, requests=requests, **fields
        )

    def measured(self, monitor: Monitor, *values: float) -> None:
        for number, value in enumerate(values):
            at = timezone.now() + timedelta(minutes=number)
            Measurement.objects.create(monitor=monitor, at=at, value=value)

    def test_traffic_is_counted_by_the_hour(self) -> None:
        for hours_ago, requests in ((25, 900), (23.5, 3), (1.5, 10), (1.2, 5), (0, 7)):
            self.asked(hours_ago, requests)
        self.asked(0.01, 400, shadow=True)
        [row] = self.rows()
        self.assertEqual(row.traffic, [3, *[0] * 21, 15, 7])

    def test_quality_and_drift_come_from_its_monitors(self) -> None:
        drift = self.watch("prediction_drift", settings={})
        estimated = self.watch("traffic", name="pace")
        self.measured(drift, 0.1, 0.4)
        self.measured(estimated, 9.0)
        Monitor.objects.filter(pk=drift.pk).update(state=Monitor.State.ALERTING)
        [row] = self.rows()
        self.assertEqual((row.state, row.drift, row.quality), ("alerting", [0.1, 0.4], []))

    def test_what_alerts_comes_first_and_the_rest_is_counted(self) -> None:
        version = ModelVersion.objects.get()
        for number in range(MOST + 1):
            served(version, self.staging, self.ada, slug=f"a{number:02}")
        last = self.watch("traffic")
        Monitor.objects.filter(pk=last.pk).update(state=Monitor.State.ALERTING)
        rows = self.rows()
        self.assertEqual(rows[0].deployment, self.deployment)
        self.assertEqual((len(rows), self.panel().context["more"]), (MOST, 2))
        with CaptureQueriesContext(
            connection,
        ) as made:
            self.rows()
        self.assertLessEqual(len(made), MOST_QUERIES)

    def test_only_what_one_may_see_and_what_answers_is_shown(self) -> None:
        self.assertIsNone(in_service(self.bob))
        self.client.force_login(self.rita)
        self.assertContains(self.client.get("/"), "Models in service")
        Deployment.objects.update(retired_at=timezone.now())
        self.assertIsNone(in_service(self.rita))
        self.assertNotContains(self.client.get("/"), "Models in service")
