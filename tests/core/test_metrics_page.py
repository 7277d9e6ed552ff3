"""What Prometheus scrapes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import Error
from django.test import override_settings
from prometheus_client.parser import text_string_to_metric_families

from apps.core import metrics
from apps.core.models import Job
from tests.base import PortalTestCase

NUMBERS = """
from prometheus_client import Counter, Gauge
Counter("signalbox_test_seen", "x").inc(2)
Gauge("signalbox_test_open", "x", multiprocess_mode="livesum").set(3)
"""


class MetricsTests(PortalTestCase):
    def scrape(self, **headers: str) -> dict[str, list[tuple[dict[str, str], float]]]:
        answer = self.client.get("/metrics", **headers)  # type: ignore[arg-type]
        self.assertEqual(answer.status_code, 200)
        found: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in text_string_to_metric_families(answer.content.decode()):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
        return found

    def test_it_has_what_an_operator_asks_first(self) -> None:
        Job.objects.create(kind="fixture.x", owner=self.ada)
        found = self.scrape()
        self.assertIn(
            ({"kind": "fixture.x", "state": "queued"}, 1.0), found["signalbox_jobs_active"]
        )
        self.assertGreaterEqual(found["signalbox_jobs_oldest_queued_seconds"][0][1], 0)
        queues = {labels["queue"] for labels, _ in found["signalbox_queue_length"]}
        self.assertEqual(queues, {"default", "long", "system"})
        self.assertIn("version", found["signalbox_build_info"][0][0])
        self.assertEqual(found["signalbox_scrape_failures"], [({}, 0.0)])
        self.assertIn("signalbox_websockets", found)

    def test_pages_are_counted_by_route_and_never_by_id(self) -> None:
        self.client.force_login(self.ada)
        for pk in (1, 2, 3):
            self.client.get(f"/jobs/{pk}/")
        self.client.generic("BREW", "/jobs/")
        found = self.scrape()["signalbox_http_requests_total"]
        self.assertIn("jobs/<int:pk>/", {labels["route"] for labels, _ in found})
        methods = {labels["method"] for labels, _ in found}
        self.assertLessEqual(methods, {*metrics.METHODS, "other"})

    def test_a_number_that_cannot_be_read_costs_only_itself(self) -> None:
        def away() -> metrics.Samples:
            raise Error("the database is away")

        metrics.gauge("signalbox_test_away", "x", away)
        self.addCleanup(metrics._gauges.pop, "signalbox_test_away")
        with self.assertLogs("apps.core.metrics", "WARNING"):
            found = self.scrape()
        self.assertEqual(found["signalbox_scrape_failures"], [({}, 1.0)])
        self.assertIn("signalbox_build_info", found)

    @override_settings(METRICS_TOKEN="s3cret")
    def test_with_a_token_it_is_for_its_holder_alone(self) -> None:
        self.assertEqual(self.client.get("/metrics").status_code, 401)
        wrong = self.client.get("/metrics", HTTP_AUTHORIZATION="Bearer \u00fc")
        self.assertEqual(wrong.status_code, 401)
        self.scrape(HTTP_AUTHORIZATION="Bearer s3cret")

    def test_without_a_token_it_is_for_this_machine_alone(self) -> None:
        self.assertEqual(self.client.get("/metrics", REMOTE_ADDR="10.0.0.1").status_code, 401)
        proxied = self.client.get("/metrics", HTTP_X_FORWARDED_FOR="10.0.0.1")
        self.assertEqual(proxied.status_code, 401)

    def test_processes_add_up_and_the_dead_hold_nothing_open(self) -> None:
        with TemporaryDirectory() as folder:
            for _ in range(2):
                self.in_process(folder)
            with override_settings(METRICS_DIR=str(Path(folder))):
                found = self.scrape()
        self.assertEqual(found["signalbox_test_seen_total"], [({}, 4.0)])
        self.assertNotIn("signalbox_test_open", found)

    def in_process(self, folder: str) -> None:
        environ = {"PROMETHEUS_MULTIPROC_DIR": folder}
        subprocess.run([sys.executable, "-c", NUMBERS], env=environ, check=True, timeout=240)
