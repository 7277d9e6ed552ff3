"""Baselines of every source, and looks at a deployment's rows."""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from apps.deployments.models import Deployment
from apps.monitoring import services, training
from apps.monitoring.errors import NoRowsThen
from apps.monitoring.levels import Level
from apps.monitoring.looks import KINDS
from apps.monitoring.looks import drift as looks
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Baseline, Monitor
from apps.predictions import services as predictions
from apps.predictions.models import Kind
from apps.predictions.sources import Source
from tests.base import PortalTestCase
from tests.deployments.test_pages import model_with_versions, served


class LookTests(PortalTestCase):
    deployment: Deployment

    def setUp(self) -> None:
        (version,) = model_with_versions(self.fraud, 1)
        self.deployment = served(version, self.staging, self.ada)
        draw = np.random.default_rng(1)
        self.rows = [
            {"income": float(n), "age": float(a), "city": "ulm"}
            for n, a in zip(draw.normal(size=800), draw.integers(18, 90, 800), strict=True)
        ]

    def logged(self, shift: float, seed: int, minutes: int) -> None:
        draw, start = np.random.default_rng(seed), timezone.now() - timedelta(minutes=minutes)
        records = [
            {
                "id": f"{seed}-{n}",
                "time": (start + timedelta(seconds=n / 10)).isoformat(),
                "inputs": {"income": x + shift, "age": float(n % 72 + 18), "city": "ulm"},
                "outputs": {"score": x + shift},
            }
            for n, x in enumerate(draw.normal(size=400).tolist())
        ]
        source = Source(self.deployment.pk, self.fraud.pk, self.deployment.slug)
        predictions.append(source=source, kind=Kind.PREDICTION, records=records)

    def reading(self) -> Reading:
        return Reading(self.deployment, timezone.now())

    def watched(self, baseline: Baseline, kind: str = Monitor.Kind.INPUT_DRIFT) -> Monitor:
        found = services.create_monitor(
            baseline=baseline, name=str(kind), by=self.max, window_rows=400, every_seconds=3600
        )
        Monitor.objects.filter(pk=found.pk).update(kind=kind)
        return Monitor.objects.get(pk=found.pk)

    def test_a_window_like_the_baseline_is_calm_and_another_is_not(self) -> None:
        baseline = services.baseline_from_rows(
            deployment=self.deployment, rows=self.rows, by=self.cora
        )
        monitor = self.watched(baseline)
        kind = KINDS[Monitor.Kind.INPUT_DRIFT]
        self.assertIsNone(kind.look(monitor, kind.settings(), self.reading()))
        self.logged(0, seed=2, minutes=120)
        calm = kind.look(monitor, kind.settings(), self.reading())
        assert calm is not None
        self.assertEqual(calm.level, Level.IGNORE)
        self.logged(1, seed=3, minutes=60)
        seen = kind.look(monitor, kind.settings(), self.reading())
        assert seen is not None
        self.assertEqual(
            (seen.level, [each["name"] for each in seen.features]), (Level.ACT, ["income"])
        )
        self.assertIn("income moved", seen.sentence)
        assert seen.profiles is not None
        self.assertEqual(seen.profiles[0]["edges"], baseline.profiles[0]["edges"])
        alone = kind.look(monitor, kind.settings(columns=["age"]), self.reading())
        assert alone is not None
        self.assertEqual([each["name"] for each in alone.findings], ["age"])

    def test_answers_are_compared_with_those_of_the_window_before(self) -> None:
        self.logged(0, seed=2, minutes=120)
        baseline = services.rolling_baseline(
            deployment=self.deployment, back=timedelta(0), length=timedelta(days=1), by=self.cora
        )
        monitor = self.watched(baseline, Monitor.Kind.PREDICTION_DRIFT)
        self.logged(1, seed=3, minutes=60)
        seen = looks.outputs(monitor, looks.PredictionDrift(), self.reading())
        assert seen is not None
        self.assertEqual([each["name"] for each in seen.features], ["score"])

    def test_a_past_window_is_a_baseline_and_an_empty_one_is_refused(self) -> None:
        until = timezone.now()
        window = {"since": until - timedelta(hours=3), "until": until, "by": self.cora}
        with self.assertRaises(NoRowsThen):
            services.baseline_from_window(deployment=self.deployment, **window)
        self.logged(0, seed=2, minutes=120)
        baseline = services.baseline_from_window(deployment=self.deployment, **window)
        self.assertEqual((baseline.source, baseline.rows), ("window", 400))

    def test_a_file_is_uploaded(self) -> None:
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(self.rows), sink)
        client = self.api(self.cora)
        for name, data, status in (
            ("a.parquet", sink.getvalue(), 201),
            ("a.csv", b"income,age\n1,2\n3,4\n", 201),
            ("a.csv", b"\x00\xff", 400),
            ("a.exe", b"MZ", 400),
        ):
            sent = {"deployment": self.deployment.slug, "file": SimpleUploadedFile(name, data)}
            answer = client.post("/api/v1/baselines/", sent, format="multipart")
            self.assertEqual(answer.status_code, status, answer.content)
        self.assertEqual(Baseline.objects.filter(source=Baseline.Source.FILE).count(), 2)
        for _ in range(2):  # one effect, one answer
            sent = {
                "deployment": self.deployment.slug,
                "file": SimpleUploadedFile("b.csv", b"a\n1\n"),
            }
            answer = client.post(
                "/api/v1/baselines/", sent, format="multipart", headers={"idempotency-key": "k1"}
            )
            self.assertEqual(answer.status_code, 201, answer.content)
        self.assertEqual(Baseline.objects.filter(source=Baseline.Source.FILE).count(), 3)
        stranger = {
            "deployment": self.deployment.slug,
            "file": SimpleUploadedFile("a.csv", b"a\n1\n"),
        }
        answer = self.api(self.bob).post("/api/v1/baselines/", stranger, format="multipart")
        self.assertEqual(answer.status_code, 404)

    def test_importance_is_read_where_it_is_readable(self) -> None:
        self.assertEqual(training.importance(b'{"a": 1, "b": "x"}', {}), {"a": 1.0})
        self.assertEqual(training.importance(None, {"feature_importance": '{"a": 2}'}), {"a": 2.0})
        for bad in (b"[1]", b"\xff", b"", b'{"a": NaN}'[:3]):
            self.assertEqual(training.importance(bad, {}), {})
