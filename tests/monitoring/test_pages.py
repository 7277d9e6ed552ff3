"""The pages of monitors and alerts: what they show, to whom, and what they let people do."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from apps.core import live
from apps.core.models import Job
from apps.deployments.models import Deployment
from apps.monitoring import services
from apps.monitoring.looks import kinds
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Alert, Baseline, Monitor
from apps.predictions.rows import Row
from tests.base import PortalTestCase
from tests.deployments.test_pages import model_with_versions, served


class Log(Reading):
    """A log that holds these rows."""

    def __init__(self, deployment: Deployment, rows: list[Row]) -> None:
        super().__init__(deployment, timezone.now())
        self._newest, self._most = rows, len(rows)


class MonitorPageTests(PortalTestCase):
    deployment: Deployment
    baseline: Baseline

    def setUp(self) -> None:
        (version,) = model_with_versions(self.fraud, 1)
        self.deployment = served(version, self.staging, self.ada)
        rows = [{"income": float(n), "age": float(n % 60)} for n in range(400)]
        self.baseline = services.baseline_from_rows(
            deployment=self.deployment, rows=rows, by=self.cora
        )

    def watched(self) -> Monitor:
        return services.create_monitor(baseline=self.baseline, name="drift", by=self.max)

    def drifted(self, monitor: Monitor) -> Alert:
        """The alert after a window in which income has moved and age has not."""
        start = timezone.now() - timedelta(hours=1)
        rows = [
            Row(
                key=str(n),
                time=(start + timedelta(seconds=n)).timestamp(),
                version="1",
                inputs={"income": 5000.0 + n, "age": float(n % 60)},
                outputs={},
            )
            for n in range(200)
        ]
        seen = kinds.look(monitor, Log(self.deployment, rows))
        services.judge(monitor=monitor, seen=seen, at=timezone.now())
        return Alert.objects.get(monitor=monitor)

    def test_members_see_them_and_strangers_do_not(self) -> None:
        monitor = self.watched()
        page = monitor.get_absolute_url()
        self.client.force_login(self.carol)
        self.assertContains(self.client.get(page), "Not looked yet")
        alert = self.drifted(monitor)
        self.assertContains(self.client.get("/monitoring/"), "moved")
        for address in (page, f"{page}state/", alert.get_absolute_url()):
            self.assertContains(self.client.get(address), "income")
        self.assertTrue(live.may_hear(self.carol, monitor.topic))
        self.assertEqual(self.client.post(f"{page}evaluate/").status_code, 403)

        self.client.force_login(self.bob)
        self.assertContains(self.client.get("/monitoring/"), "No monitors yet")
        for address in (page, f"{page}state/", alert.get_absolute_url()):
            self.assertEqual(self.client.get(address).status_code, 404)
        self.assertFalse(live.may_hear(self.bob, monitor.topic))

    def test_a_monitor_says_how_often_it_was_right(self) -> None:
        monitor = self.watched()
        self.client.force_login(self.rita)
        page = monitor.get_absolute_url()
        self.assertNotContains(self.client.get(page), "Fired")
        alert = self.drifted(monitor)
        unmarked = "Fired once; none of these is marked as useful or noise yet."
        self.assertContains(self.client.get(page), unmarked)
        self.client.post(f"{alert.get_absolute_url()}mark/", {"mark": "useful"})
        right = "Fired once; of 1 marked, 1 was useful (21 to 100 % with 95 % confidence)."
        for address in (page, f"{page}state/"):
            self.assertContains(self.client.get(address), right)
        self.client.post(f"{alert.get_absolute_url()}mark/", {"mark": "noise"})
        wrong = "Fired once; of 1 marked, 0 were useful (0 to 79 % with 95 % confidence)."
        self.assertContains(self.client.get(page), wrong)

    def test_a_responder_looks_now(self) -> None:
        monitor = self.watched()
        self.client.force_login(self.rita)
        answer = self.client.post(f"{monitor.get_absolute_url()}evaluate/")
        self.assertRedirects(answer, monitor.get_absolute_url())
        self.assertEqual(Job.objects.filter(kind="monitoring.evaluate").count(), 1)

    def test_a_monitor_is_made_on_a_deployment(self) -> None:
        self.client.force_login(self.max)
        self.assertContains(self.client.get("/monitoring/new/"), "churn-live")
        page = self.client.get("/monitoring/new/?deployment=churn-live")
        self.assertContains(page, "400 rows")
        address = "/monitoring/deployments/churn-live/monitor/"
        sent = {
            "baseline": self.baseline.pk, "name": "m", "window_rows": 50, "every_seconds": 60
        }  # fmt: skip
        self.assertRedirects(
            self.client.post(address, sent), f"/monitoring/monitors/{Monitor.objects.get().pk}/"
        )
        self.assertContains(self.client.post(address, sent), "a monitor m already", status_code=422)
        few = self.client.post(address, sent | {"window_rows": 1})
        self.assertEqual(few.status_code, 422)
        self.client.force_login(self.cora)
        self.assertEqual(self.client.post(address, sent).status_code, 403)
        self.client.force_login(self.bob)
        self.assertContains(self.client.get("/monitoring/new/"), "no deployment to watch")
        self.assertEqual(self.client.get("/monitoring/new/?deployment=churn-live").status_code, 404)

    def test_a_path_that_is_no_table_is_refused(self) -> None:
        self.client.force_login(self.cora)
        address = "/monitoring/deployments/churn-live/baseline/"
        for path in ("inputs.txt", "", "a\x00.csv"):
            self.assertEqual(self.client.post(address, {"artifact": path}).status_code, 422)
        self.client.force_login(self.rita)
        self.assertEqual(self.client.post(address, {"artifact": "a.csv"}).status_code, 403)
