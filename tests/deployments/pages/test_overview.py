"""The page of one deployment: what it says, to whom, and how little it asks of the database."""

from __future__ import annotations

import ast
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.deployments import services
from apps.deployments.examples import MLFLOW, PYTHON
from apps.deployments.models import Judgement, Mismatch, Release, Replica, Tally
from apps.deployments.tallies import EDGES
from tests.deployments.pages.base import Served

MOST_QUERIES = 12


class OverviewTests(Served):
    def moving(self, **changed: object) -> Release:
        """Version 2 under canary, with a quarter of the traffic."""
        services.configure(
            deployment=self.row,
            config=self.canary(),
            based_on=None,
            by=self.ada,
        )
        made = services.request_release(
            deployment=self.row, version=self.second, by=self.ada, reason="better"
        )
        values = {
            "state": Release.State.MOVING,
            "step": 1,
            "share": 25,
            "step_since": timezone.now(),
        }
        Release.objects.filter(pk=made.pk).update(**(values | changed))
        return Release.objects.get(pk=made.pk)

    def test_nothing_yet_says_what_to_do(self) -> None:
        page = self.client.get(self.protected().get_absolute_url())
        for words in ("Nothing answers yet", "No releases yet", "No model server", "Call it"):
            self.assertContains(page, words)

    def test_a_release_under_way_is_told_with_its_step_and_findings(self) -> None:
        made = self.moving()
        Judgement.objects.create(
            release=made,
            step=1,
            verdict="wait",
            reason="Too few requests.",
            figures={
                "topics": [{"topic": "failures", "evidence": 1, "words": "2 of 80 failed"}],
                "requests": {"new": 80, "live": 240},
            },
        )
        page = self.client.get(self.page)
        for words in (
            "Release under way",
            "v1, live",
            "75 %",
            "v2, moving",
            "2 of 4",
            "Too few requests.",
            "Failures: 2 of 80 failed.",
            "80 requests of the new version",
            "Promote now",
            "Pause",
            "Abort",
        ):
            self.assertContains(page, words)
        self.assertNotContains(page, "Go on")
        self.client.force_login(self.carol)
        self.assertNotContains(self.client.get(self.page), "Promote now")

    def test_a_shadow_takes_no_traffic(self) -> None:
        self.moving(share=0, shadow=True)
        page = self.client.get(self.page)
        self.assertContains(page, "gets copies of the requests")
        self.assertEqual(page.context["traffic"], [("v1, live", 100)])

    def test_a_person_steers_it_once(self) -> None:
        made = self.moving()
        page = self.client.get(self.page)
        self.assertContains(page, "25 % of the traffic of")
        self.assertContains(page, "goes back to where it was")
        sent = {"release": made.number, "wish": "pause"}
        page = self.client.post(f"{self.page}steer/", sent, follow=True)
        self.assertContains(page, "pauses at its next look")
        self.assertContains(page, "cora asked to pause it")
        again = self.client.post(f"{self.page}steer/", sent, follow=True)
        self.assertEqual(again.status_code, 200)
        self.assertEqual(self.recorded("pause_asked"), 1)
        for wrong in ({"release": 1}, {"wish": "pause"}, {"release": 1, "wish": "explode"}):
            told = self.client.post(f"{self.page}steer/", wrong, follow=True)
            self.assertContains(told, "release, wish: name the release")
        over = self.client.post(f"{self.page}steer/", {"release": 1, "wish": "abort"}, follow=True)
        self.assertContains(over, "is over")
        gone = self.client.post(f"{self.page}steer/", {"release": 99, "wish": "abort"})
        self.assertEqual(gone.status_code, 404)

    def test_what_the_target_runs_otherwise_is_shown(self) -> None:
        Mismatch.objects.create(deployment=self.row, kind="scale", wanted="1", found="5")
        self.assertContains(self.client.get(self.page), "Wanted against found")

    def test_each_release_has_a_page(self) -> None:
        page = self.client.get(f"{self.page}releases/1/")
        self.assertContains(page, "The judge said nothing about this release")
        self.moving()
        self.assertContains(self.client.get(f"{self.page}releases/2/"), "Release under way")
        self.assertEqual(self.client.get(f"{self.page}releases/3/").status_code, 404)
        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(f"{self.page}releases/1/").status_code, 404)

    def test_the_ways_to_call_it_are_programs(self) -> None:
        for text in (PYTHON, MLFLOW):
            program = text.format(address="https://portal.example", slug="churn-live")
            ast.parse(program)
            self.assertIn("https://portal.example/serve/churn-live/invocations", program)

    def test_it_costs_the_same_with_a_thousand_releases(self) -> None:
        made = self.moving()
        self.many(made)
        Mismatch.objects.create(deployment=self.row, kind="scale", wanted="1", found="5")
        Judgement.objects.create(release=made, step=1, verdict="wait", reason="x")
        for user in (self.max, self.carol):
            self.client.force_login(user)
            self.client.get(self.page)
            with CaptureQueriesContext(connection) as asked:
                page = self.client.get(self.page)
            told = "\n".join(query["sql"][:200] for query in asked)
            self.assertLessEqual(len(asked), MOST_QUERIES, told)
            self.assertEqual(len(page.context["replicas"]), 52)
            self.assertContains(page, 'rel="next"')
        with CaptureQueriesContext(connection) as asked:
            self.client.get(f"{self.page}state/")
        self.assertLessEqual(len(asked), MOST_QUERIES)

    def many(self, made: Release) -> None:
        """A thousand releases that are over, and fifty more model servers."""
        Release.objects.bulk_create(
            Release(
                deployment=self.row,
                number=number,
                version=self.first,
                state=Release.State.SUPERSEDED,
                requested_by=self.ada,
                live_at=timezone.now(),
                ended_at=timezone.now(),
            )
            for number in range(10, 1010)
        )
        Replica.objects.bulk_create(Replica(release=made) for _ in range(51))


class ChartTests(Served):
    def test_without_requests_it_says_where_they_come_from(self) -> None:
        self.assertContains(self.client.get(f"{self.page}charts/"), "No requests in this time")
        self.assertContains(self.client.get(f"{self.page}charts/?hours=x"), "No requests")

    def test_what_was_counted_is_drawn_with_a_table_and_the_releases(self) -> None:
        seconds = [0] * (len(EDGES) + 1)
        seconds[5] = 100
        now = timezone.now()
        for minutes in (2, 3, 200):
            Tally.objects.create(
                release=self.live,
                gateway="one",
                at=now - timedelta(minutes=minutes),
                requests=100,
                failures=25,
                seconds=seconds,
            )
        page = self.client.get(f"{self.page}charts/?hours=1")
        for words in ("Requests", "Failures", "Latency", "v1 #1 p99", "The numbers as a table"):
            self.assertContains(page, words)
        self.assertContains(page, "v1 live")
        requests, failures, _ = page.context["window"].charts
        self.assertEqual(sum(requests.series[0].values), 200)
        self.assertEqual({v for v in failures.series[0].values if v is not None}, {25})
        wider = self.client.get(f"{self.page}charts/?hours=6").context["window"].charts[0]
        self.assertEqual(round(sum(wider.series[0].values) * 6), 300)
        part = self.client.get(f"{self.page}charts/", headers={"HX-Request": "true"})
        self.assertNotContains(part, "<html")
