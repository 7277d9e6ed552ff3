"""The list of runs, as a page and over REST."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.models.mirror import runs as mirror
from apps.models.models import Run, RunMetric, RunParam
from tests.base import PortalTestCase
from tests.models.search.base import store, told

MOST_QUERIES = 12


class RunLists(PortalTestCase):
    """120 runs of fraud with rising accuracy, and one of weather."""

    def setUp(self) -> None:
        kinds = ("forest", "linear", "net")
        wanted = [
            told(
                n,
                metrics={"accuracy": n / 1000, "loss": 1 - n / 1000},
                params={"kind": kinds[n % 3], "depth": str(n)},
                tags={"team": "<b>risk</b>"},
                status="FAILED" if n % 10 == 0 else "FINISHED",
                experiment=str(1 + n % 2),
            )
            for n in range(1, 121)
        ]
        store(self.fraud, wanted)
        store(self.other, [told(500, metrics={"accuracy": 9.0}, name="weather run")])


class PageTests(RunLists):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.carol)
        self.client.get("/healthz")  # the session is noted at its first request

    def page(self, **query: Any) -> Any:
        with CaptureQueriesContext(connection) as asked:
            response = self.client.get(f"/models/runs/?{urlencode(query, doseq=True)}")
        self.assertLessEqual(len(asked), MOST_QUERIES, [each["sql"][:90] for each in asked])
        return response

    def names(self, response: Any) -> list[str]:
        return [row.run.name for row in response.context["rows"]]

    def test_it_sorts_by_a_metric_and_shows_it(self) -> None:
        response = self.page(sort="-metrics.accuracy")

        self.assertEqual(self.names(response)[:2], ["run 120", "run 119"])
        self.assertContains(response, "0.12")
        self.assertContains(response, 'aria-sort="descending"')
        self.assertNotContains(response, "weather run")

    def test_it_sorts_by_a_param_an_attribute_and_a_tag(self) -> None:
        self.assertEqual(self.names(self.page(sort="params.depth"))[:2], ["run 1", "run 10"])
        self.assertEqual(self.names(self.page(sort="attributes.run_name"))[0], "run 1")
        self.assertEqual(len(self.names(self.page(sort="-tags.team"))), 50)

    def test_it_filters_with_mlflows_words(self) -> None:
        words = "metrics.accuracy > 0.1 and params.kind = 'forest' and status != 'FAILED'"
        response = self.page(filter=words, sort="metrics.accuracy")

        self.assertEqual(self.names(response), [f"run {n}" for n in range(102, 121, 3) if n % 10])
        self.assertContains(response, "metrics.accuracy &gt; 0.1")

    def test_a_needle_is_found_behind_many_others(self) -> None:
        response = self.page(filter="params.depth = '1'", sort="-metrics.accuracy")

        self.assertEqual(self.names(response), ["run 1"])

    def test_it_says_where_a_filter_cannot_be_read(self) -> None:
        response = self.page(filter="metrics.accuracy >> 1")

        self.assertEqual(response.status_code, 400)
        self.assertContains(response, "at character 19 stands &gt;", status_code=400)

    def test_the_columns_are_those_of_the_address(self) -> None:
        response = self.page(column=["tags.team", "metrics.loss", "nonsense"])

        self.assertContains(response, "&lt;b&gt;risk&lt;/b&gt;")
        labels = [column.label for column in response.context["columns"]]
        self.assertEqual(labels, ["team", "loss"])

    def test_pages_follow_each_other_without_gaps(self) -> None:
        seen: list[str] = []
        query = {"sort": "metrics.loss", "column": "metrics.loss"}
        response = self.page(**query)
        while True:
            seen += self.names(response)
            if not (cursor := response.context["listing"].next):
                break
            response = self.page(**query, after=cursor)
        self.assertEqual(seen, [f"run {n}" for n in range(120, 0, -1)])
        back = self.page(**query, before=response.context["listing"].previous)
        self.assertEqual(self.names(back), seen[50:100])

    def test_a_bent_cursor_starts_over(self) -> None:
        for query in ({"after": "x"}, {"before": "x"}, {"after": ""}, {"sort": "metrics.%00"}):
            self.assertEqual(len(self.names(self.page(**query))), 50, query)

    def test_an_empty_workspace_says_what_to_do(self) -> None:
        self.client.force_login(self.ada)
        Run.objects.all().delete()

        self.assertContains(self.client.get("/models/runs/"), "No runs yet")
        answer = self.client.get("/models/runs/?filter=params.a = 'b'")
        self.assertContains(answer, "No run matches")


class ApiTests(RunLists):
    url = "/api/v1/runs/"

    def listed(self, user: Any = None, **query: Any) -> Any:
        client = self.api(user or self.carol)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(f"{self.url}?{urlencode(query, doseq=True)}")
        self.assertLessEqual(len(asked), MOST_QUERIES)
        self.assertEqual(answer.status_code, 200, answer.content)
        return answer.json()

    def test_it_filters_and_sorts_as_mlflow_does(self) -> None:
        found = self.listed(
            filter="params.kind = 'net'", order_by=["metrics.accuracy DESC"], page_size=2
        )
        self.assertEqual([each["name"] for each in found["results"]], ["run 119", "run 116"])
        one = self.api(self.carol).get(f"{self.url}{found['results'][0]['id']}/").json()
        self.assertEqual(one, found["results"][0])

    def test_it_follows_its_own_addresses(self) -> None:
        client, names = self.api(self.carol), []
        answer = client.get(f"{self.url}?order_by=metrics.accuracy&page_size=50").json()
        while True:
            names += [each["name"] for each in answer["results"]]
            if answer["next"] is None:
                break
            answer = client.get(answer["next"]).json()
        self.assertEqual(names, [f"run {n}" for n in range(1, 121)])
        before = client.get(answer["previous"]).json()
        self.assertEqual(before["results"][-1]["name"], "run 100")

    def test_project_and_experiment_narrow_it(self) -> None:
        self.assertEqual(len(self.listed(experiment="e1", page_size=500)["results"]), 60)
        self.assertEqual(self.listed(project="weather")["results"], [])
        self.assertEqual(len(self.listed(self.bob)["results"]), 1)

    def test_what_it_cannot_read_is_named(self) -> None:
        client = self.api(self.carol)
        for query, words in (
            ("filter=metrics.a %3E 'x'", "filter: at character 13 stands 'x'"),
            ("order_by=nonsense", "order_by: at character 1 stands nonsense"),
            ("order_by=a%00", "order_by"),
            ("cursor=nxx", "cursor: it is not one of"),
            ("page_size=0", "page_size"),
            (f"filter={'x' * 6000}", "5000"),
        ):
            answer = client.get(f"{self.url}?{query}")
            self.assertEqual(answer.status_code, 400, query)
            self.assertIn(words, str(answer.json()), query)

    def test_a_cursor_of_another_order_is_refused(self) -> None:
        client = self.api(self.carol)
        following = self.listed(order_by="metrics.accuracy", page_size=5)["next"]

        answer = client.get(following.replace("metrics.accuracy", "metrics.loss"))
        self.assertEqual(answer.status_code, 400)

    def test_infinite_and_missing_values_come_as_text_and_last(self) -> None:
        store(
            self.fraud, [told(900, metrics={"odd": "NaN"}), told(901, metrics={"odd": "Infinity"})]
        )
        found = self.listed(order_by="metrics.odd DESC", page_size=3)["results"]

        self.assertEqual([each["metrics"].get("odd") for each in found], ["Infinity", "NaN", None])


class MirrorTests(RunLists):
    def test_what_is_logged_is_sorted_by_at_once(self) -> None:
        run = Run.objects.get(name="run 1")
        metrics = [{"key": "accuracy", "value": 5.0, "timestamp": 9, "step": 3}]
        mirror.log(
            self.fraud,
            run.mlflow_id,
            {"metrics": metrics, "params": [{"key": "new", "value": "x"}]},
        )

        row = RunMetric.objects.get(run=run, key="accuracy")
        self.assertEqual((row.value, row.step, row.project_id), (5.0, 3, self.fraud.pk))
        self.assertEqual(RunParam.objects.get(run=run, key="new").value, "x")
        mirror.log(
            self.fraud, run.mlflow_id, {"metrics": [{**metrics[0], "value": 1.0, "step": 1}]}
        )
        row.refresh_from_db()
        self.assertEqual(row.value, 5.0)

    def test_healing_takes_away_what_mlflow_does_not_have(self) -> None:
        run = Run.objects.get(name="run 1")
        RunMetric.objects.create(run=run, project=self.fraud, key="invented", value=1)
        RunMetric.objects.filter(run=run, key="loss").update(value=7)
        store(self.fraud, [told(1, metrics={"accuracy": 0.001, "loss": 0.999})])

        held = dict(RunMetric.objects.filter(run=run).values_list("key", "value"))
        self.assertEqual(held, {"accuracy": 0.001, "loss": 0.999})
        self.assertFalse(RunParam.objects.filter(run=run).exists())

    def test_telling_the_same_again_writes_nothing(self) -> None:
        with CaptureQueriesContext(connection) as asked:
            store(
                self.fraud,
                [
                    told(
                        1,
                        metrics={"accuracy": 0.001, "loss": 0.999},
                        params={"kind": "linear", "depth": "1"},
                    )
                ],
            )
        written = [each["sql"] for each in asked if '"models_runmetric"' in each["sql"]]
        self.assertEqual([sql.split()[0] for sql in written], ["SELECT"])
