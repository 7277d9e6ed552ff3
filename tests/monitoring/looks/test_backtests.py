"""A setting is tried on history before it is used."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import numpy as np
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from apps.core import jobs
from apps.core.models import Job
from apps.ledger.models import Entry
from apps.monitoring import services
from apps.monitoring.models import Alert, Monitor
from tests.monitoring.looks.stage import StageTestCase

Kind = Monitor.Kind


# A job's row is in the test's own transaction, where its heart cannot be seen to beat.
@override_settings(JOB_HEARTBEAT_SECONDS=3600)
class BacktestTests(StageTestCase):
    """Two days that ended now: a shift of an hour and a half, a day ago."""

    def setUp(self) -> None:
        super().setUp()
        chance = np.random.default_rng(11)
        self.end = timezone.now()
        for step in range(96):
            self.now = self.end - timedelta(minutes=30 * (96 - step))
            middle = 5.0 if 40 <= step < 43 else 0.0
            values = chance.normal(middle, 1, 200)
            self.predict([{"age": float(value)} for value in values])
        rows = [{"age": float(value)} for value in chance.normal(0, 1, 1000)]
        baseline = services.baseline_from_rows(deployment=self.deployment, rows=rows, by=self.cora)
        self.monitor = self.watch(
            Kind.INPUT_DRIFT, baseline=baseline, hold_seconds=3600, every_seconds=900
        )
        self.client.force_login(self.max)

    def tried(self, **sent: Any) -> Job:
        url = f"/api/v1/monitors/{self.monitor.pk}/backtest/"
        answer = self.api(self.max).post(url, {**sent}, format="json")
        self.assertEqual(answer.status_code, 202, answer.content)
        jobs.run_job(answer.json()["id"])
        return Job.objects.get(pk=answer.json()["id"])

    def marked(self, mark: str) -> Alert:
        return Alert.objects.create(
            project=self.fraud, monitor=self.monitor, fingerprint="x", name="drift", summary="s",
            state="resolved", fired_at=self.end - timedelta(minutes=30 * 55),
            resolved_at=self.end - timedelta(minutes=30 * 52), mark=mark,
        )  # fmt: skip

    def test_it_says_when_it_would_have_fired_beside_the_present_setting(self) -> None:
        self.marked("useful")
        since = (self.end - timedelta(hours=47)).isoformat()
        job = self.tried(settings={"ignored_columns": ["age"]}, since=since)
        self.assertEqual(job.state, "done", job.note)
        present, wanted = job.result["present"], job.result["wanted"]
        [fire] = present["fires"]
        hours = (
            self.end - timezone.datetime.fromisoformat(fire["starts_at"])
        ).total_seconds() / 3600
        self.assertTrue(26.4 < hours < 28.6, hours)
        self.assertIsNotNone(fire["ends_at"])
        self.assertEqual((present["useful"], present["missed"]), (1, 0))
        self.assertEqual((wanted["fires"], wanted["missed"]), ([], 1))
        self.assertEqual(Alert.objects.count(), 1)
        page = self.client.get(f"{self.monitor.get_absolute_url()}backtest/?job={job.pk}")
        self.assertContains(page, "It would not have fired")
        self.assertContains(page, "age moved")

    def test_what_was_tried_is_taken_over_with_one_click(self) -> None:
        job = self.tried(settings={"ignored_columns": ["age"]}, window_rows=400)
        url = f"{self.monitor.get_absolute_url()}use/"
        self.assertRedirects(
            self.client.post(url, {"job": job.pk}), self.monitor.get_absolute_url()
        )
        self.monitor.refresh_from_db()
        self.assertEqual(self.monitor.settings, {"ignored_columns": ["age"]})
        self.assertEqual(self.monitor.window_rows, 400)
        entry = Entry.objects.get(verb="monitoring.monitor_changed")
        self.assertEqual(entry.data["job"], job.pk)
        for bent in ("", "x", "9" * 18):
            self.assertEqual(self.client.post(url, {"job": bent}).status_code, 404, bent)
        self.client.force_login(self.rita)
        self.assertEqual(self.client.post(url, {"job": job.pk}).status_code, 403)
        other = self.watch(Kind.ERRORS)
        refused = self.api(self.max).post(
            f"/api/v1/monitors/{other.pk}/use/", {"job": job.pk}, format="json"
        )
        self.assertEqual(refused.status_code, 400)

    def test_a_page_starts_one_and_refuses_what_does_not_fit(self) -> None:
        page = f"{self.monitor.get_absolute_url()}backtest/"
        sent = {"days": 2, "window_rows": 200, "hold_seconds": 900}
        answer = self.client.post(page, sent)
        job = Job.objects.get(kind="monitoring.backtest")
        self.assertRedirects(answer, f"{page}?job={job.pk}")
        self.assertContains(self.client.get(f"{page}?job={job.pk}"), "Under way")
        self.assertEqual(self.client.post(page, sent | {"days": 9000}).status_code, 422)
        self.assertEqual(self.client.get(f"{page}?job=999999").status_code, 404)
        self.client.force_login(self.carol)
        self.assertEqual(self.client.post(page, sent).status_code, 403)
        self.assertContains(self.client.get(page), "needs the responder role")

    def test_nothing_logged_is_said(self) -> None:
        since, until = "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"
        job = self.tried(since=since, until=until)
        self.assertEqual(job.state, "failed")
        self.assertIn("nothing was logged", job.note)
        url = f"/api/v1/monitors/{self.monitor.pk}/backtest/"
        swapped = self.api(self.max).post(url, {"since": until, "until": since}, format="json")
        self.assertEqual(swapped.status_code, 400)

    def test_the_command_prints_both(self) -> None:
        out = StringIO()
        call_command("backtest", str(self.monitor.pk), "--days", "2", "--json", stdout=out)
        self.assertEqual(len(json.loads(out.getvalue())["present"]["fires"]), 1)
        out = StringIO()
        call_command("backtest", str(self.monitor.pk), "--days", "2", stdout=out)
        self.assertIn("present: 1 alerts", out.getvalue())
        for wrong in (["--set", "[1]"], ["--set", "{"], ["--set", '{"x": 1}']):
            with self.assertRaises(CommandError):
                call_command("backtest", str(self.monitor.pk), *wrong)
