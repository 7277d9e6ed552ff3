"""Baselines over REST: of a past window, rolling, and of a data set that the run named."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.utils import timezone

from apps.deployments.models import Deployment
from apps.ledger.models import Entry
from apps.models.models import ModelVersion
from apps.monitoring import training
from apps.monitoring.models import Baseline
from apps.predictions import services as predictions
from apps.predictions.models import Kind
from apps.predictions.sources import Source
from tests.base import PortalTestCase
from tests.deployments.test_pages import model_with_versions, served
from tests.models import registered


class BaselineTests(PortalTestCase):
    deployment: Deployment
    version: ModelVersion

    def post(self, status: int, **sent: Any) -> Any:
        """What the portal answers to Cora, who contributes."""
        body = {"deployment": "churn-live", **sent}
        answer = self.api(self.cora).post("/api/v1/baselines/", body, format="json")
        self.assertEqual(answer.status_code, status, answer.content[:500])
        return answer.json()


class LoggedTests(BaselineTests):
    def setUp(self) -> None:
        (self.version,) = model_with_versions(self.fraud, 1)
        self.deployment = served(self.version, self.staging, self.ada)
        self.now = timezone.now()
        start = self.now - timedelta(hours=2)
        records = [
            {
                "id": str(n),
                "time": (start + timedelta(seconds=n)).isoformat(),
                "inputs": {"income": float(n), "city": "ulm"},
                "outputs": {"score": 1.0},
            }
            for n in range(60)
        ]
        source = Source(self.deployment.pk, self.fraud.pk, self.deployment.slug)
        predictions.append(source=source, kind=Kind.PREDICTION, records=records)

    def test_a_past_window_is_profiled(self) -> None:
        since, until = self.now - timedelta(hours=2), self.now - timedelta(hours=1, minutes=59.5)
        made = self.post(201, window={"since": since.isoformat(), "until": until.isoformat()})
        self.assertEqual((made["source"], made["rows"]), ("window", 30))
        self.assertEqual(made["columns"], ["income", "city"])
        ends = {"since": since.isoformat(), "until": until.isoformat()}
        self.assertEqual(made["settings"], ends)
        row = Baseline.objects.get(pk=made["id"])
        entry = Entry.objects.get(verb="monitoring.baseline_created", subject_id=str(row.pk))
        self.assertEqual(entry.data["source"], "window")

    def test_a_window_that_is_empty_backward_or_too_full_is_refused(self) -> None:
        then = (self.now - timedelta(days=9)).isoformat()
        now = self.now.isoformat()
        before = (self.now - timedelta(days=10)).isoformat()
        empty = self.post(409, window={"since": before, "until": then})
        self.assertEqual(empty["code"], "no_rows_then")
        self.post(400, window={"since": now, "until": then})
        self.post(400, window={"since": now})
        with patch("apps.monitoring.services.baselines.MOST_LOGGED", 59):
            full = self.post(409, window={"since": then, "until": now})
        self.assertEqual(full["code"], "too_many_rows_then")
        self.assertFalse(Baseline.objects.exists())

    def test_a_rolling_one_keeps_how_far_it_reaches(self) -> None:
        made = self.post(201, rolling={"length_seconds": 7300, "back_seconds": 0})
        self.assertEqual((made["source"], made["rows"]), ("rolling", 60))
        self.assertEqual(made["settings"], {"length_seconds": 7300.0, "back_seconds": 0.0})
        self.assertEqual(self.post(201, rolling={})["settings"]["length_seconds"], 86_400)
        self.assertEqual(self.post(409, rolling={"length_seconds": 60})["code"], "no_rows_then")
        for bad in ({"length_seconds": 0}, {"back_seconds": -1}, {"length_seconds": 10**9}):
            self.post(400, rolling=bad)

    def test_one_source_is_asked_for_by_whoever_may(self) -> None:
        self.post(400)
        self.post(400, rolling={}, rows=[{"a": 1}])
        body = {"deployment": "churn-live", "rolling": {}}
        for person, status in ((self.rita, 403), (self.bob, 404)):
            answer = self.api(person).post("/api/v1/baselines/", body, format="json")
            self.assertEqual(answer.status_code, status)


class DatasetTests(BaselineTests):
    def setUp(self) -> None:
        self.version = registered.version(self.fraud, "churn", 1, inputs={"dataset_inputs": [
            self.named("people", "valid/people.csv", "validation"),
            self.named("people", "train/people.csv", "training"),
            self.named("made", None, "training"),
        ]})  # fmt: skip
        self.deployment = served(self.version, self.staging, self.ada)

    def named(self, name: str, path: str | None, context: str) -> dict[str, Any]:
        """An input as MLflow tells of it; without a path it was made by code."""
        source = {"uri": path} if path else {"tags": {"mlflow.user": "cora"}}
        return {
            "dataset": {
                "name": name,
                "digest": context[:5],
                "source_type": "local" if path else "code",
                "source": json.dumps(source),
            },
            "tags": [{"key": "mlflow.data.context", "value": context}],
        }

    def logged(self, files: dict[str, bytes]) -> Any:
        """MLflow, where the run logged these files."""
        return patch(
            "apps.models.artifacts.read", side_effect=lambda _, path, most: files.get(path)
        )

    def test_the_file_that_training_read_is_found_among_the_artifacts(self) -> None:
        importance = b'{"income": 2}'
        files = {"people.csv": b"income\n1\n2\n", "feature_importance.json": importance}
        with self.logged(files):
            made = self.post(201, dataset="people")
        self.assertEqual(
            (made["source"], made["rows"], made["columns"]), ("artifact", 2, ["income"])
        )
        kept = {"dataset": "people", "digest": "train", "artifact": "people.csv"}
        self.assertEqual(made["settings"], kept)
        row = Baseline.objects.get()
        self.assertEqual((row.version, row.importance), (self.version, {"income": 2.0}))
        with self.logged(files | {"train/people.csv": b"income\n1\n2\n3\n"}):
            self.assertEqual(self.post(201, dataset="people")["rows"], 3)

    def test_what_was_not_named_or_not_logged_is_refused(self) -> None:
        with self.logged({"people.csv": b"\x00\xff"}):
            self.assertEqual(self.post(409, dataset="strangers")["code"], "no_dataset")
            self.assertEqual(self.post(409, dataset="made")["code"], "dataset_not_logged")
            self.post(400, dataset="people")
        with self.logged({}):
            self.assertEqual(self.post(409, dataset="people")["code"], "dataset_not_logged")

    def test_only_files_that_are_tables_are_looked_for(self) -> None:
        for uri, places in (
            ("train/people.csv", ["train/people.csv", "people.csv"]),
            ("/data/people.parquet", ["people.parquet"]),
            ("s3://bucket/a/people.csv", ["people.csv"]),
            ("file:///data/my%20people.csv", ["my people.csv"]),
            ("people.json", []),
            (7, []),
        ):
            self.assertEqual(training.logged_at({"source": json.dumps({"uri": uri})}), places)
        for odd in ("", "[]", "{", "null"):
            self.assertEqual(training.logged_at({"source": odd}), [])
