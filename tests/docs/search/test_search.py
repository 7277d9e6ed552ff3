"""What the search finds, to whom it shows it, and what it makes of odd words."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.docs import search, selectors, services
from apps.docs.models import Document
from apps.docs.search import Query
from apps.docs.search.asks import MARK
from tests.base import PortalTestCase

CRASH = "# KubePodCrashLooping\n\n## Meaning\n\nA pod restarts again and again.\n\n## Steps\n\nRead its logs."
DISK = "# NodeFilesystemAlmostOutOfSpace\n\nThe disk of a node is nearly full. Delete old images."


class SearchTests(PortalTestCase):
    def setUp(self) -> None:
        self.crash = self.written(CRASH)
        self.disk = self.written(DISK)

    def written(self, body: str, **given: object) -> Document:
        values = {"project": self.fraud, "kind": "runbook", "by": self.ada, **given}
        return services.write(body=body, **values)  # type: ignore[arg-type]

    def found(self, words: str, **given: object) -> list[int | None]:
        hits = search.search(Query(self.carol, words, **given), {"passage"})  # type: ignore[arg-type]
        return [hit.document for hit in hits]

    def test_names_are_found_whole_and_by_their_parts(self) -> None:
        for words in ("KubePodCrashLooping", "kube pod crash looping", "crashed pods", "kubepod"):
            self.assertEqual(self.found(words, as_typed=True)[0], self.crash.pk, words)

    def test_each_page_comes_once_by_its_best_section(self) -> None:
        hits = search.search(Query(self.carol, "read the logs of the pod"), {"passage"})
        self.assertEqual([hit.document for hit in hits], [self.crash.pk])
        self.assertIn(f"{MARK[0]}logs{MARK[1]}", hits[0].snippet)
        self.assertTrue(0 < hits[0].score <= 1)

    def test_a_revision_replaces_what_was_said_and_a_removal_takes_it_away(self) -> None:
        self.assertEqual(self.found("images"), [self.disk.pk])
        services.revise(document=self.disk, body="# Disk\n\nAsk for a volume.", by=self.ada)
        self.assertEqual(self.found("images"), [])
        self.assertEqual(self.found("volume"), [self.disk.pk])
        self.disk.delete()
        self.assertEqual(self.found("volume"), [])

    def test_a_typo_is_read_as_the_nearest_word_and_a_better_query_is_offered(self) -> None:
        answer = search.look(Query(self.carol, "filesytem"))
        self.assertEqual(answer.hits[0].document, self.disk.pk)
        self.assertEqual(answer.suggestion, "filesystem")

    def test_counts_are_by_kind_and_project(self) -> None:
        self.written("# Pods\n\nWhat a pod is.", kind="guide")
        answer = search.look(Query(self.carol, "pod"), {"passage"})
        self.assertEqual(answer.facets["kind"], {"runbook": 1, "guide": 1})
        self.assertEqual(answer.facets["project"], {"fraud": 2})
        self.assertEqual(len(search.search(Query(self.carol, "pod"), {"guide"})), 1)

    def test_a_tag_narrows_to_its_pages(self) -> None:
        row = self.written("---\ntags: [night]\n---\n# Pods at night\n\nWake nobody.")
        self.assertEqual(self.found("pods", tag="night"), [row.pk])
        self.assertEqual(self.found("pods", tag="\x00"), [])

    def test_any_words_are_taken(self) -> None:
        odd = (
            "",
            " ",
            "\x00",
            "'&|!():*",
            "🚨🚨",
            "مرحبا بالعالم",
            "%_\\",
            "x" * 10_000,
            "-" * 9999,
        )
        for words in odd:
            answer = self.api(self.carol).get("/api/v1/search/", {"q": words})
            self.assertEqual(answer.status_code, 200 if "\x00" not in words else 400, words[:20])
        self.client.force_login(self.carol)
        for words in odd:
            page = self.client.get("/docs/search/", {"q": words})
            self.assertEqual(page.status_code, 200, words[:20])

    def test_the_runbook_that_names_the_alert_wins(self) -> None:
        named = self.written("---\napplies_to: {alerts: [odd]}\n---\n# Odd\n\nA pod may be odd.")
        found = selectors.runbook_passages(self.fraud.pk, words="pod restarts", names={"odd"})
        self.assertEqual({passage.document_id for passage in found}, {named.pk})

    def test_the_page_offers_what_narrows_and_what_was_meant(self) -> None:
        self.client.force_login(self.carol)
        page = self.client.get("/docs/search/?q=filesytem")
        self.assertContains(page, "Did you mean")
        self.assertContains(page, "fraud 1")
        self.assertContains(page, "by words alone")
        with CaptureQueriesContext(connection) as asked:
            self.client.get("/docs/search/?q=pod")
        self.assertLessEqual(len(asked), 12)

    def test_the_palette_finds_from_the_first_letters(self) -> None:
        self.client.force_login(self.carol)
        hits = self.client.get("/palette/?q=kube+po").json()["results"]
        self.assertIn("KubePodCrashLooping", [hit["title"] for hit in hits])

    def test_only_a_site_admin_makes_the_index_anew(self) -> None:
        self.assertEqual(self.api(self.ada).post("/api/v1/search/reindex/").status_code, 403)
        self.assertEqual(self.api(self.sam).post("/api/v1/search/reindex/").status_code, 202)
        self.assertEqual(services.reindex(lambda percent, words: None), 2)
        self.assertEqual(self.found("images"), [self.disk.pk])
