"""The model card: what it says, who writes it, and the files it becomes."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from apps.docs.models import Document, Revision
from apps.ledger.models import Entry
from apps.models import services
from apps.models.cards import serving, slices, whole
from apps.models.cards.pdf import pdf
from apps.models.cards.serving import Place
from apps.models.choices import PromotionState
from apps.models.errors import MlflowAway
from apps.models.mirror import registry, runs
from apps.models.models import Card, Decision, GateResult, ModelVersion, Promotion, SliceReport
from tests.base import PortalTestCase

NAMES = "Größe Κρήτη Москва שלום العربية 北京市 かなカナ 한국어 🙂 \u202e"


class CardCase(PortalTestCase):
    """A model with one version, its run's data and metrics, some of them by slice."""

    def setUp(self) -> None:
        runs.put_experiment(self.fraud, {"experiment_id": "7", "name": "first"})
        runs.put_runs(self.fraud, [self.told()], by=self.cora)
        self.model = registry.put_model(
            self.fraud, {"name": "<b>churn</b>", "description": "Finds who leaves"}, by=self.cora
        )
        told = {"version": "1", "run_id": "a" * 32, "tags": [{"key": "licence", "value": "MIT"}]}
        version = registry.put_version(self.model, told, by=self.cora)
        assert version is not None
        self.version: ModelVersion = version
        self.url = f"/models/{self.model.pk}/card/"
        self.rest = f"/api/v1/models/{self.model.pk}/card/"

    def told(self) -> dict[str, Any]:
        """The run as MLflow tells it."""
        info = {"run_id": "a" * 32, "experiment_id": "7", "run_name": "best", "start_time": 1}
        values = {"accuracy": 0.95, "accuracy[region=eu]": 0.81, "accuracy/region:us": 0.97}
        logged = {"metrics": [{"key": k, "value": v, "timestamp": 1} for k, v in values.items()]}
        data = {"dataset": {"name": "loans|2026", "digest": "d1g3st"}, "tags": []}
        return {"info": info, "data": logged, "inputs": {"dataset_inputs": [data]}}

    def promoted(self) -> Promotion:
        row = Promotion.objects.create(
            project=self.fraud,
            version=self.version,
            environment=self.prod,
            state=PromotionState.DONE,
            requested_by=self.cora,
        )
        GateResult.objects.create(
            promotion=row, gate_id=1, kind="metric_floor", passed=False, sentence="Too low for EU."
        )
        Decision.objects.create(promotion=row, verdict="approved", by=self.max, note="good enough")
        return row

    def export(self, form: str) -> Any:
        self.client.force_login(self.carol)
        response = self.client.get(f"{self.url}?format={form}")
        self.assertEqual(response.status_code, 200, response.content)
        self.assertIn("attachment", response["Content-Disposition"])
        return response


class CardTests(CardCase):
    def test_it_is_generated_from_the_records(self) -> None:
        self.promoted()
        registry.put_aliases(self.model, {"prod": 1}, by=self.max)

        text = whole.card(self.model).markdown

        for words in (
            "| Purpose | Finds who leaves |",
            "| Licence | MIT |",
            "| loans\\|2026 | d1g3st |",
            "| accuracy | 0.95 |",
            "| accuracy | region=eu | 0.81 | 0.95 | unknown |",
            "accuracy differs most for region=eu: 0.81 against 0.95 on all data.",
            "Version 1 was refused for prod: Too low for EU.",
            "| 1 | prod | done | cora",
            "max, ",
            "good enough",
            "| 1 | prod | metric floor | failed | Too low for EU. |",
            "| alias prod |",
        ):
            self.assertIn(words, text)
        self.assertNotIn("accuracy\\[region", text)

    def test_a_viewer_reads_it_and_a_stranger_does_not(self) -> None:
        self.client.force_login(self.carol)
        with CaptureQueriesContext(connection) as asked:
            response = self.client.get(self.url)
        self.assertContains(response, "Nobody has written this card yet")
        self.assertContains(response, "&lt;b&gt;churn&lt;/b&gt;")
        self.assertNotContains(response, "<b>churn</b>")
        self.assertNotContains(response, "Write the card")
        self.assertLessEqual(len(asked), 26)
        self.assertEqual(self.client.post(self.url).status_code, 403)

        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(self.url).status_code, 404)
        self.assertEqual(self.client.post(self.url).status_code, 404)
        self.assertEqual(self.api(self.bob).get(self.rest).status_code, 404)
        self.assertFalse(Card.objects.exists())

    def test_it_is_written_once_and_edited_in_the_documents(self) -> None:
        self.client.force_login(self.rita)
        first = self.client.post(self.url)
        second = self.client.post(self.url)

        document = Document.objects.get()
        self.assertEqual((first.url, second.url), (f"/docs/{document.pk}/edit/",) * 2)
        self.assertEqual(document.kind, Document.Kind.CARD)
        self.assertEqual(Entry.objects.filter(verb="models.card_begun").count(), 1)

        body = document.body.replace(whole.HINT, "", 1) + "\nNot for minors.\n"
        self.client.post(first.url, {"title": document.title, "body": body})
        page = self.client.get(self.url)
        self.assertContains(page, "Not for minors.")
        self.assertContains(page, "Revision 2")
        self.assertEqual(Revision.objects.filter(document=document).count(), 2)

    def test_it_says_what_a_complete_card_lacks(self) -> None:
        self.assertEqual(
            whole.card(self.model).lacking, ["Owner", "Risk class", *whole.ASKED], "no document"
        )
        document = services.write_card(model=self.model, by=self.rita)
        self.assertIn("Limits", whole.card(self.model).lacking)
        document.body = document.body.replace(whole.HINT, "Written: ")
        document.save()
        type(self.model).objects.update(tags={"owner": "ada", "risk_class": "high"})
        self.model.refresh_from_db()
        self.assertEqual(whole.card(self.model).lacking, [])

    def test_it_shows_the_figures_of_the_version_asked_for(self) -> None:
        registry.put_version(self.model, {"version": "2"}, by=self.cora)
        self.client.force_login(self.carol)
        self.assertContains(self.client.get(self.url), "Its run logged no metrics.")
        self.assertContains(self.client.get(f"{self.url}?version=1"), "d1g3st")
        for bent in ("9", "x", "-1", "1" * 30, "%00"):
            self.assertEqual(self.client.get(f"{self.url}?version={bent}").status_code, 404, bent)

    def test_a_report_of_slices_comes_before_the_names_of_metrics(self) -> None:
        rows = slices.read_file(
            b'[{"metric":"accuracy","slice":"region=eu","value":0.7,"rows":90}]'
        )
        SliceReport.objects.create(version=self.version, rows=rows)
        self.assertIn("| accuracy | region=eu | 0.7 | 0.95 | 90 |", whole.card(self.model).markdown)
        self.assertEqual(slices.read_file(b'{"f1": {"a": 1}}')[0]["slice"], "a")
        for bent in (b"{", b"3", b'[{"metric": "x"}]', b'[{"value": NaN}]', b'{"f1": 3}'):
            with self.assertRaisesRegex(Exception, "slices.json"):
                slices.read_file(bent)

    def test_places_of_the_rooms_on_the_right_stand_in_it(self) -> None:
        def find(model: Any) -> list[Place]:
            return [Place("churn-eu", "prod", self.version.pk, 1, None)]

        serving.source(find)
        self.addCleanup(serving._sources.remove, find)
        self.assertIn("| churn-eu | prod | 1 | not yet |", whole.card(self.model).markdown)


class ExportTests(CardCase):
    def test_the_html_is_one_file_without_scripts(self) -> None:
        self.promoted()
        text = self.export("html").content.decode()
        self.assertIn("<table>", text)
        self.assertIn("default-src 'none'", text)
        self.assertIsNone(re.search(r"<script|\son\w+=|<link|src=|@import|url\(", text))

    def test_the_markdown_is_what_the_page_shows(self) -> None:
        text = self.export("md").content.decode()
        self.assertEqual(text, whole.card(self.model, self.version).markdown)

    def test_the_pdf_carries_text_tables_and_page_numbers(self) -> None:
        self.promoted()
        for number in range(2, 60):
            registry.put_version(self.model, {"version": str(number), "run_id": "a" * 32})
        self.client.force_login(self.carol)
        response = self.client.get(f"{self.url}?version=1&format=pdf")

        self.assertEqual(response["Content-Type"], "application/pdf")
        pages = PdfReader(BytesIO(response.content)).pages
        text = "\n".join(page.extract_text() for page in pages)
        self.assertGreater(len(pages), 1)
        for words in ("Finds who leaves", "d1g3st", "region=eu", "0.81", "<b>churn</b>"):
            self.assertIn(words, text)
        self.assertIn(f"Page {len(pages)} of {len(pages)}", text)

    def test_the_pdf_survives_every_script_and_shape(self) -> None:
        long = "x" * 5000
        text = (
            f'# {NAMES}\n\n{NAMES} **bold {NAMES}** `code` [a](javascript:x) [b](https://e.org/?a="1")\n\n'
            f"- one\n  - two\n    1. three {long}\n\n> quote\n> > deeper\n\n```\n{NAMES}\n\tcode\n```\n\n"
            f"| a | b |\n|---|---|\n| {long} | {NAMES} |\n| <img src=x> | &lt; ![p](http://x/y.png) |\n\n---\n"
        )
        made = pdf(text, title=NAMES, foot=NAMES)
        read = "\n".join(page.extract_text() for page in PdfReader(BytesIO(made)).pages)
        for words in (
            "Größe",
            "Κρήτη",
            "Москва",
            "北京市",
            "かな",
            "한국어",
            "[picture: p]",
            "three",
        ):
            self.assertIn(words, read)
        self.assertEqual(made, pdf(text, title=NAMES, foot=NAMES), "the same text, the same file")

    def test_rest_gives_the_card_and_its_files(self) -> None:
        api = self.api(self.carol)
        body = api.get(self.rest).json()
        self.assertEqual((body["model"], body["version"]), (self.model.pk, 1))
        self.assertIn("d1g3st", body["markdown"])
        self.assertIn("<td>d1g3st</td>", body["html"])
        self.assertIsNone(body["document"])
        self.assertEqual(api.get(f"{self.rest}?format=pdf").content[:5], b"%PDF-")
        refusal = api.get(f"{self.rest}?format=docx")
        self.assertEqual(refusal.status_code, 400)
        self.assertIn("format", refusal.json()["detail"])


class SliceFileTests(CardCase):
    def test_the_file_of_a_run_is_read_once_and_again_when_the_run_changes(self) -> None:
        with patch("apps.models.artifacts.read", return_value=b'{"f1": {"a=1": 0.5}}') as read:
            self.assertEqual((services.read_slices(), services.read_slices()), (1, 0))
            self.assertEqual(read.call_count, 1)
            runs.put_runs(self.fraud, [self.told()])
            self.assertEqual(services.read_slices(), 1)
        self.assertEqual(SliceReport.objects.get().rows[0]["value"], 0.5)

    def test_while_mlflow_is_away_it_waits(self) -> None:
        with patch("apps.models.artifacts.read", side_effect=MlflowAway):
            self.assertEqual(services.read_slices(), 0)
        self.assertFalse(SliceReport.objects.exists())

    def test_a_file_that_cannot_be_used_is_said(self) -> None:
        with patch("apps.models.artifacts.read", return_value=b"no"):
            services.read_slices()
        self.assertIn("slices.json", SliceReport.objects.get().trouble)
