"""The page of a run: what it logged, its curves, its files, its kin; and the comparison of several."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from apps.models.models import Run
from tests.base import PortalTestCase
from tests.models.fake_run_files import FakeMlflow, fake_mlflow, no_mlflow
from tests.models.search.base import store, told

EVIL = b"<script>alert(1)</script>"


class RunPages(PortalTestCase):
    """A parent with two children that logged two steps of loss, one of them elsewhere."""

    def setUp(self) -> None:
        logged = {"metrics": {"loss": 0.25, "once": 1.0}}
        parent = told(1, name="sweep", params={"depth": "1", "seed": "7"}, **logged)
        tags = {"mlflow.parentRunId": parent["info"]["run_id"]}
        child = told(2, name="child", params={"depth": "9", "seed": "7"}, tags=tags, **logged)
        for each in (parent, child):
            each["data"]["metrics"][0]["step"] = 1
        child["data"]["metrics"][0]["value"] = 0.5
        self.run_, self.child = store(self.fraud, [parent, child])
        (self.foreign,) = store(self.other, [told(3, name="foreign", tags=tags)])
        self.fake = FakeMlflow(
            files={
                "notes.md": b"# Notes\n\n" + EVIL + b"\n\n[x](javascript:alert(1))",
                "table.csv": b"name,score\n<i>a</i>,1\nb,2\n",
                "rows.json": b'{"columns": ["q"], "data": [["why"]]}',
                "broken.json": b"{",
                "model/MLmodel": b"flavors: {}",
                "model/model.pkl": b"\x80\x04\x00",
                "page.html": EVIL,
                "plot.png": b"\x89PNG\r\n",
                "drawing.svg": b"<svg onload='alert(1)'/>",
                "rows.parquet": parquet({"age": [1, 2], "who": ["a", None]}),
                "huge.txt": b"x",
            },
            sizes={"huge.txt": 10**9},
            points={
                "loss": {
                    self.run_.mlflow_id: [(0, 0.75), (1, 0.25)],
                    self.child.mlflow_id: [(1, 0.5), (0, "NaN")],
                    self.foreign.mlflow_id: [(0, 99.125)],
                }
            },
        )
        self.client.force_login(self.carol)

    def url(self, rest: str = "", run: Run | None = None) -> str:
        return f"{(run or self.run_).get_absolute_url()}{rest}"


def parquet(columns: dict[str, list[Any]]) -> bytes:
    place = io.BytesIO()
    pq.write_table(pa.table(columns), place)
    return place.getvalue()


class PageTests(RunPages):
    def test_it_shows_what_was_logged_and_its_kin(self) -> None:
        page = self.client.get(self.url())

        self.assertContains(page, "0.25")
        self.assertContains(page, "Nested runs")
        self.assertContains(page, self.url(run=self.child))
        self.assertNotContains(page, "foreign")
        self.assertContains(self.client.get(self.url(run=self.child)), "Inside of")

    def test_the_link_to_all_nested_runs_finds_them(self) -> None:
        page = self.client.get(self.url())
        words = page.context["siblings_filter"]
        found = self.client.get("/models/runs/", {"filter": words})

        self.assertEqual([row.run.name for row in found.context["rows"]], ["child"])

    def test_thousands_of_metrics_are_paged(self) -> None:
        metrics = {f"m{n:04}": n / 7 for n in range(950)}
        (run,) = store(self.fraud, [told(9, metrics=metrics)])[-1:]

        self.assertContains(self.client.get(self.url(run=run)), "1 to 100 of 950 metrics")
        self.assertContains(self.client.get(self.url("?page=10", run)), "m0949")
        self.assertEqual(self.client.get(self.url("?page=x", run)).status_code, 200)

    def test_curves_come_from_mlflow(self) -> None:
        with fake_mlflow(self.fake) as server:
            part = self.client.get(self.url("curves/"))

        self.assertContains(part, "<h3")
        self.assertContains(part, '"over":"step"')
        self.assertContains(part, '"values":[0.75,0.25]')
        self.assertNotContains(part, "once")
        self.assertEqual(server.asked[0].headers["x-mlflow-workspace"], "fraud")

    def test_without_mlflow_it_says_so_and_shows_the_rest(self) -> None:
        with no_mlflow():
            self.assertContains(self.client.get(self.url()), "0.25")
            self.assertContains(self.client.get(self.url("curves/")), "The curves cannot be shown")
            files = self.client.get(self.url("artifacts/"))
            self.assertContains(files, "The files cannot be listed")
            answer = self.api(self.carol).get(f"/api/v1/runs/{self.run_.pk}/metrics/?key=loss")
            self.assertEqual(answer.status_code, 503)


class ArtifactTests(RunPages):
    def look(self, path: str) -> Any:
        with fake_mlflow(self.fake):
            return self.client.get(self.url("artifacts/"), {"path": path})

    def fetch(self, path: str, **query: str) -> Any:
        with fake_mlflow(self.fake):
            answer = self.client.get(self.url("artifacts/file/"), {"path": path, **query})
        if answer.status_code == 200:
            answer.body = b"".join(answer.streaming_content)
        return answer

    def test_folders_are_listed(self) -> None:
        self.assertContains(self.look(""), "table.csv")
        self.assertContains(self.look("model"), "MLmodel")
        self.assertContains(self.look("/model/"), "model.pkl")

    def test_each_kind_is_shown_and_nothing_runs(self) -> None:
        for path, words in (
            ("notes.md", "<h1"),
            ("table.csv", "&lt;i&gt;a&lt;/i&gt;"),
            ("rows.json", ">why<"),
            ("broken.json", "{"),
            ("model/MLmodel", "flavors: {}"),
            ("page.html", "&lt;script&gt;alert(1)"),
            ("drawing.svg", "&lt;svg onload"),
            ("plot.png", 'alt="plot.png"'),
            ("rows.parquet", ">age<"),
            ("model/model.pkl", "It is no text"),
            ("huge.txt", "too large"),
        ):
            page = self.look(path)
            self.assertContains(page, words)
            self.assertNotContains(page, EVIL.decode())
            self.assertNotContains(page, 'href="javascript')

    def test_a_file_is_never_a_page_of_ours(self) -> None:
        for path in ("page.html", "drawing.svg", "notes.md"):
            answer = self.fetch(path)
            self.assertEqual(answer["Content-Type"], "application/octet-stream")
            self.assertIn("attachment", answer["Content-Disposition"])
            self.assertEqual(answer["Content-Security-Policy"], "sandbox; default-src 'none'")
            self.assertEqual(answer["X-Content-Type-Options"], "nosniff")
            self.assertEqual(answer.body, self.fake.files[path])
        picture = self.fetch("plot.png")
        self.assertEqual(picture["Content-Type"], "image/png")
        self.assertIn("sandbox", picture["Content-Security-Policy"])
        self.assertIn("attachment", self.fetch("plot.png", download="1")["Content-Disposition"])

    def test_paths_that_lead_out_are_refused(self) -> None:
        for path in ("../x", "model/../../x", "a//b", "a\\b", "a\nb", "x" * 2000, "."):
            self.assertEqual(self.look(path).status_code, 400, path)
            self.assertEqual(self.fetch(path).status_code, 400, path)
        for path in ("absent", "model/absent", "absent/absent"):
            self.assertEqual(self.look(path).status_code, 404, path)
            self.assertEqual(self.fetch(path).status_code, 404, path)

    def test_strangers_get_404(self) -> None:
        self.client.force_login(self.bob)
        for rest in ("", "curves/", "artifacts/", "artifacts/file/?path=notes.md"):
            with fake_mlflow(self.fake) as server:
                self.assertEqual(self.client.get(self.url(rest)).status_code, 404, rest)
            self.assertEqual(server.asked, [])


class CompareTests(RunPages):
    def test_what_differs_comes_first(self) -> None:
        page = self.client.get("/models/runs/compare/", {"run": [self.run_.pk, self.child.pk]})

        self.assertEqual([line.key for line in page.context["params"]], ["depth", "seed"])
        self.assertContains(page, "differs")
        self.assertContains(page, "Parallel coordinates")

    def test_curves_have_a_line_for_each_run(self) -> None:
        query = {"run": [self.child.pk, self.run_.pk], "metric": "loss"}
        with fake_mlflow(self.fake):
            part = self.client.get("/models/runs/compare/curves/", query)

        self.assertContains(part, '{"label":"child","values":[null,0.5]}')
        self.assertContains(part, '{"label":"sweep","values":[0.75,0.25]}')

    def test_what_one_may_not_see_is_left_out(self) -> None:
        query = {"run": [self.run_.pk, self.child.pk, self.foreign.pk, 10**17]}
        page = self.client.get("/models/runs/compare/", query)
        self.assertContains(page, "2 of the runs in this address are deleted or not yours to see")
        self.assertNotContains(page, "foreign")
        with fake_mlflow(self.fake):
            part = self.client.get("/models/runs/compare/curves/", {**query, "metric": "loss"})
        self.assertNotContains(part, "99.125")

    def test_one_or_none_leads_back_to_the_list(self) -> None:
        for query in ({}, {"run": [self.run_.pk]}, {"run": [self.foreign.pk]}):
            page = self.client.get("/models/runs/compare/", query)
            self.assertContains(page, "Choose at least two runs")

    def test_too_many_and_bent_ids_are_refused(self) -> None:
        for query in ({"run": list(range(1, 22))}, {"run": "x"}, {"run": "9" * 30}, {"run": "-1"}):
            self.assertEqual(self.client.get("/models/runs/compare/", query).status_code, 400)


class ApiTests(RunPages):
    def ask(self, rest: str, user: Any = None) -> Any:
        with fake_mlflow(self.fake):
            return self.api(user or self.carol).get(f"/api/v1/runs/{self.run_.pk}/{rest}")

    def test_the_history_of_a_metric(self) -> None:
        answer = self.ask("metrics/?key=loss").json()

        self.assertEqual(answer["key"], "loss")
        points = [(each["step"], each["value"]) for each in answer["points"]]
        self.assertEqual(points, [(0, 0.75), (1, 0.25)])

    def test_the_files_of_a_run(self) -> None:
        answer = self.ask("artifacts/?path=model").json()

        self.assertEqual(answer["path"], "model")
        self.assertEqual([each["name"] for each in answer["files"]], ["MLmodel", "model.pkl"])
        self.assertEqual(answer["files"][0]["size"], 11)

    def test_what_it_cannot_use_is_named(self) -> None:
        for rest in ("metrics/", "metrics/?key=", "artifacts/?path=../x", "metrics/?key=%00"):
            answer = self.ask(rest)
            self.assertEqual(answer.status_code, 400, rest)
            self.assertIn(rest.split("/")[0][:-1] if "?" not in rest else "", str(answer.json()))
        self.assertEqual(self.ask("metrics/?key=absent").status_code, 404)
        self.assertEqual(self.ask("artifacts/?path=absent").status_code, 404)
        self.assertEqual(self.ask("metrics/?key=loss", self.bob).status_code, 404)
