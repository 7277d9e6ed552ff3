"""The time machine: what served at one moment, by REST and on its page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.deployments import services as deployments
from apps.deployments.models import ServedSpan
from apps.models import services
from apps.models.mirror import registry, runs
from apps.models.models import AliasMove, ModelVersion, OutOfBandMove
from tests.deployments.test_pages import release
from tests.models.test_history_moves import Registry

URL = "/api/v1/ledger/served/"


class ServedTests(Registry):
    """Version 1 was promoted two hours ago and released one hour ago; version 2 was promoted just now."""

    def setUp(self) -> None:
        super().setUp()
        now = timezone.now()
        self.asked, self.released = now - timedelta(hours=2), now - timedelta(hours=1)
        self.trace(self.version(1))
        self.promote(1)
        AliasMove.objects.update(at=self.asked)
        place = deployments.create_deployment(
            environment=self.prod, model=self.model, slug="churn-live", by=self.ada
        )
        self.release = release(place, self.version(1), self.ada)
        ServedSpan.objects.update(since=self.released)
        self.promote(2)

    def trace(self, version: ModelVersion) -> None:
        """Let the version come from a run that read data."""
        runs.put_experiment(self.fraud, {"experiment_id": "7", "name": "first"})
        read = {"dataset_inputs": [{"dataset": {"name": "iris", "digest": "d1"}, "tags": []}]}
        info = {"run_id": "a" * 32, "experiment_id": "7"}
        runs.put_runs(self.fraud, [{"info": info, "data": {}, "inputs": read}])
        told = {"version": str(version.number), "run_id": "a" * 32}
        registry.put_version(self.model, told)

    def at(self, moment: datetime | None, **more: str) -> list[dict[str, Any]]:
        asked = {**more, **({"at": moment.isoformat()} if moment else {})}
        answer = self.api(self.carol).get(f"{URL}?{urlencode(asked)}")
        self.assertEqual(answer.status_code, 200, answer.content)
        found: list[dict[str, Any]] = answer.json()["models"]
        return found

    def test_before_the_release_the_version_held_the_alias_alone(self) -> None:
        [row] = self.at(self.asked + timedelta(minutes=1))
        self.assertEqual((row["version"], row["release"], row["deployment"]), (1, None, None))
        self.assertEqual((row["alias"], row["environment"]), ("prod", "prod"))
        self.assertEqual((row["approved_by"], row["run"]), ("max", "a" * 32))
        self.assertEqual((row["dataset"], row["project"]), ("iris@d1", "fraud"))
        self.assertEqual(self.at(self.asked - timedelta(seconds=1)), [])

    def test_a_release_that_held_the_alias_is_one_row(self) -> None:
        [row] = self.at(self.released + timedelta(minutes=1))
        self.assertEqual((row["version"], row["release"]), (1, self.release.pk))
        self.assertEqual((row["alias"], row["deployment"]), ("prod", "churn-live"))
        self.assertEqual(row["approved_by"], "max")

    def test_what_is_promised_and_what_answers_are_two_rows(self) -> None:
        serving, promised = self.at(None)
        self.assertEqual((serving["version"], serving["alias"]), (1, ""))
        self.assertEqual((promised["version"], promised["release"]), (2, None))
        self.assertEqual(self.at(None, environment="staging"), [])
        self.assertEqual(len(self.at(None, environment="prod")), 2)

    def test_an_adoption_counts_from_when_it_was_decided(self) -> None:
        self.mlflow.set_alias("churn", "prod", 3)
        self.heal()
        [held] = [row for row in self.at(None) if row["alias"]]
        self.assertEqual((held["version"], held["approved_by"]), (3, None))
        services.adopt(case=OutOfBandMove.objects.get(), by=self.ada, reason="seen")
        before = timezone.now()
        self.work()
        [held] = [row for row in self.at(None) if row["alias"]]
        self.assertEqual((held["version"], held["approved_by"]), (3, "ada"))
        [held] = [row for row in self.at(before) if row["alias"]]
        self.assertIsNone(held["approved_by"])

    def test_a_revert_brings_the_approval_back(self) -> None:
        self.mlflow.set_alias("churn", "prod", 3)
        self.heal()
        services.request_revert(case=OutOfBandMove.objects.get(), by=self.ada, reason="no")
        self.work()
        [held] = [row for row in self.at(None) if row["alias"]]
        self.assertEqual((held["version"], held["approved_by"]), (2, "max"))

    def test_times_are_read_in_every_zone_and_rubbish_is_named(self) -> None:
        moment = self.asked + timedelta(minutes=1)
        local = moment.astimezone(timezone.get_fixed_timezone(330))
        self.assertEqual(self.at(local), self.at(moment))
        self.assertEqual(self.at(moment.replace(tzinfo=None)), self.at(moment))
        client = self.api(self.carol)
        ahead = (timezone.now() + timedelta(days=1)).isoformat()
        for given in ("rubbish", "12", "2026-13-01T00:00:00Z", "\x00", "9999-12-31", ahead):
            answer = client.get(f"{URL}?{urlencode({'at': given})}")
            self.assertEqual(answer.status_code, 400, given)
            self.assertIn("at", answer.json()["detail"])
        self.assertIn("future", client.get(f"{URL}?{urlencode({'at': ahead})}").json()["detail"])
        self.assertEqual(client.get(f"{URL}?at=0001-01-01T00:00:00%2B14:00").status_code, 400)
        self.assertEqual(client.get(f"{URL}?at=0001-01-02T00:00:00Z").json()["models"], [])
        self.assertEqual(client.get(f"{URL}?environment=a%00").status_code, 400)

    def test_a_stranger_sees_nothing_of_it(self) -> None:
        self.assertEqual(self.api(self.bob).get(URL).json()["models"], [])
        self.assertEqual(self.api(None).get(URL).status_code, 401)
        self.client.force_login(self.bob)
        self.assertContains(self.client.get("/deployments/served/"), "Nothing served then")

    def test_the_page_says_the_same_with_links(self) -> None:
        self.client.force_login(self.carol)
        page = self.client.get("/deployments/served/")
        self.assertContains(page, "/deployments/churn-live/")
        self.assertContains(page, "Served without the alias")
        self.assertContains(page, "Held the alias, not released")
        then = (self.asked + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S")
        page = self.client.get(f"/deployments/served/?at={then}&environment=prod")
        self.assertContains(page, "iris@d1")
        self.assertNotContains(page, "/deployments/churn-live/")
        for query, words in (
            ("at=rubbish", "valid date"),
            ("at=2999-01-01T00:00", "future"),
            ("environment=nowhere", "not one of the available choices"),
        ):
            page = self.client.get(f"/deployments/served/?{query}")
            self.assertContains(page, words, status_code=422)

    def test_its_cost_does_not_grow_with_what_it_shows(self) -> None:
        self.client.force_login(self.carol)
        self.client.get("/deployments/served/")
        with CaptureQueriesContext(connection) as few:
            self.client.get("/deployments/served/")
        for name in ("one", "two", "three"):
            self.mlflow.register(name)
            self.mlflow.set_alias(name, "prod", 1)
        self.heal()
        with CaptureQueriesContext(connection) as more:
            self.client.get("/deployments/served/")
        self.assertEqual(len(more), len(few))
        self.assertLessEqual(len(more), 12)

    def test_its_name_is_no_deployments(self) -> None:
        body = {"project": "fraud", "environment": "prod", "model": "churn", "slug": "served"}
        answer = self.api(self.ada).post("/api/v1/deployments/", body)
        self.assertEqual(answer.status_code, 400)
        self.assertIn("slug", answer.json()["detail"])
