"""Writing: drafts, publishing, restoring, two people at once, files."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.errors import Invalid
from apps.docs import selectors, services, vitality
from apps.docs.models import Document, Passage, Use
from apps.ledger.models import Entry
from tests.base import PortalTestCase

BODY = "---\nowner: ada\ndeputy: max\nreview_by: 2031-01-31\ntags: [a, b]\n---\n# Drift\n\nLook.\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


class WritingTests(PortalTestCase):
    def setUp(self) -> None:
        self.row = services.write(project=self.fraud, kind="runbook", body=BODY, by=self.rita)
        self.client.force_login(self.rita)

    def test_front_matter_decides(self) -> None:
        row = self.row
        self.assertEqual(
            (row.owner, row.deputy, str(row.review_by)), (self.ada, self.max, "2031-01-31")
        )
        self.assertEqual(row.tags, ["a", "b"])
        for front, word in (
            ("kind: poem", "kind"),
            ("review_by: soon", "review_by"),
            ("applies_to: [a]", "applies_to"),
            ("applies_to: {planets: [a]}", "planets"),
            ("title: [a]", "title"),
            ("a: &x [1]\nb: *x", "aliases"),
            ("a: 2026-13-45", "YAML"),
        ):
            with self.assertRaisesMessage(Invalid, word):
                services.revise(document=row, body=f"---\n{front}\n---\n# x\n", by=self.rita)

    def test_a_draft_waits_beside_what_is_published(self) -> None:
        services.revise(document=self.row, body="# Drift\n\nNew words.\n", by=self.rita, draft=True)
        self.row.refresh_from_db()
        self.assertIn("Look.", self.row.body)
        self.assertContains(self.client.get(self.row.get_absolute_url()), "A draft waits")
        self.assertContains(self.client.get(f"/docs/{self.row.pk}/edit/"), "New words.")
        self.client.post(f"/docs/{self.row.pk}/publish/")
        self.row.refresh_from_db()
        self.assertIn("New words.", self.row.body)
        again = self.client.post(f"/docs/{self.row.pk}/publish/")
        self.assertEqual(again.status_code, 409)

    def test_a_new_draft_is_not_found(self) -> None:
        sent = {
            "project": "fraud",
            "kind": "guide",
            "title": "",
            "body": "# Secret plan\n\nWords.",
            "draft": "1",
        }
        self.client.post("/docs/new/", sent)
        row = Document.objects.get(title="Secret plan")
        self.assertEqual(row.state, "draft")
        self.assertFalse(Passage.objects.filter(document=row).exists())
        services.publish(document=row, by=self.rita)
        self.assertTrue(Passage.objects.filter(document=row).exists())

    def test_an_older_revision_is_restored(self) -> None:
        services.revise(document=self.row, body="# Drift\n\nOther.\n", by=self.rita)
        page = self.client.get(f"/docs/{self.row.pk}/revisions/")
        self.assertContains(page, "Other.")
        self.assertContains(page, "Look.")
        self.client.post(f"/docs/{self.row.pk}/revisions/1/restore/")
        self.row.refresh_from_db()
        self.assertEqual(self.row.body, BODY)
        self.assertEqual(self.row.revisions.count(), 3)
        self.assertEqual(
            self.client.get(f"/docs/{self.row.pk}/revisions/?after=99").status_code, 404
        )

    def test_the_second_writer_sees_both_texts(self) -> None:
        services.revise(document=self.row, body="# Drift\n\nTheirs.\n", by=self.max)
        sent = {"title": "", "body": "# Drift\n\nMine.\n", "seen": "1"}
        answer = self.client.post(f"/docs/{self.row.pk}/edit/", sent)
        for words in ("Theirs.", "Mine.", "max wrote revision 2"):
            self.assertContains(answer, words, status_code=409)
        self.client.post(f"/docs/{self.row.pk}/edit/", {**sent, "seen": "2"})
        self.row.refresh_from_db()
        self.assertIn("Mine.", self.row.body)

    def test_the_preview_keeps_nothing(self) -> None:
        sent = {"body": "> [!WARNING]\n> Take care <b>x</b>\n\n```python\nprint(1)\n```\n"}
        page = self.client.post("/docs/preview/", sent)
        self.assertContains(page, 'data-tone="warn"')
        self.assertContains(page, "&lt;b&gt;x")
        self.assertContains(page, "data-copy-from")
        self.assertContains(
            self.client.post("/docs/preview/", {"body": "---\n[\n---\n"}), "not YAML"
        )
        edited = self.client.post(f"/docs/{self.row.pk}/edit/", {**sent, "preview": "1"})
        self.assertContains(edited, "Take care")
        self.assertEqual(self.row.revisions.count(), 1)

    def test_files_stand_beside_a_document(self) -> None:
        url = f"/docs/{self.row.pk}/files/"
        sent = self.client.post(url, {"file": SimpleUploadedFile("chart.png", PNG)})
        self.assertRedirects(sent, self.row.get_absolute_url())
        kept = self.client.get(f"{url}chart.png")
        self.assertEqual((kept.content, kept["Content-Type"]), (PNG, "image/png"))
        self.assertIn("sandbox", kept["Content-Security-Policy"])
        for name, content in (
            ("x.svg", b"<svg onload=alert(1)>"),
            ("x.html", b"<script>"),
            ("fake.png", b"<script>alert(1)</script>"),
            ("bad.txt", b"\xff\xfe\x00"),
        ):
            wrong = self.client.post(url, {"file": SimpleUploadedFile(name, content)})
            self.assertEqual(wrong.status_code, 422, name)
        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(f"{url}chart.png").status_code, 404)
        self.client.force_login(self.rita)
        self.client.post(f"{url}chart.png/remove/")
        self.assertEqual(self.client.get(f"{url}chart.png").status_code, 404)
        self.assertTrue(Entry.objects.filter(verb="docs.detached").exists())

    def test_use_is_counted_once_a_day_and_person(self) -> None:
        self.assertIn(self.row, vitality.unused(self.carol))
        self.client.force_login(self.carol)
        for _ in range(3):
            self.assertEqual(self.client.post(f"/docs/{self.row.pk}/opened/").status_code, 204)
        self.assertEqual(Use.objects.get().count, 3)
        self.assertNotIn(self.row, vitality.unused(self.carol))

    def test_pages_ask_the_database_little(self) -> None:
        for number in range(30):
            services.write(
                project=self.fraud,
                kind="guide",
                body=f"---\nowner: ada\n---\n# G{number}\n",
                by=self.ada,
            )
        self.client.get("/docs/")
        with CaptureQueriesContext(connection) as asked:
            self.client.get("/docs/")
        self.assertLessEqual(len(asked), 12)

    def test_rest_revises_only_what_was_seen(self) -> None:
        client = self.api(self.rita)
        url = f"/api/v1/docs/{self.row.pk}/"
        tag = client.get(url)["ETag"]
        services.revise(document=self.row, body="# Drift\n\nTheirs.\n", by=self.max)
        sent = {"body": "# Drift\n\nMine.\n"}
        self.assertEqual(client.patch(url, sent, format="json", HTTP_IF_MATCH=tag).status_code, 412)
        tag = client.get(url)["ETag"]
        self.assertEqual(client.patch(url, sent, format="json", HTTP_IF_MATCH=tag).status_code, 200)
        self.assertEqual(len(client.get(f"{url}revisions/").json()), 3)
        self.assertEqual(
            client.post(f"{url}restore/", {"revision": 1}, format="json").status_code, 200
        )
        file = {"file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n")}
        self.assertEqual(
            client.post(f"{url}attachments/", file, format="multipart").status_code, 201
        )
        self.assertEqual(client.get(f"{url}attachments/").json()[0]["name"], "a.csv")

    def test_stale_documents_say_why(self) -> None:
        body = "---\nowner: nobody-here\nreview_by: 2020-01-01\n---\n# Old\n\n[x](/docs/999999/)\n"
        row = services.write(project=self.fraud, kind="runbook", body=body, by=self.rita)
        services.check_links()
        said = " ".join(selectors.stale_reasons(row))
        for words in ("2020-01-01", "nobody-here", "A link of it leads nowhere"):
            self.assertIn(words, said)
        page = self.client.get("/docs/health/")
        self.assertContains(page, "Old")
        self.assertContains(page, "Monitors without a runbook")
        self.client.force_login(self.bob)
        self.assertNotContains(self.client.get("/docs/health/"), "Old")


class LinkTests(PortalTestCase):
    def test_links_inside_are_followed_without_a_request(self) -> None:
        other = services.write(project=self.other, kind="guide", body="# Elsewhere", by=self.bob)
        here = services.write(
            project=self.fraud, kind="guide", body="# Here\n\n## Part\n\nx", by=self.ada
        )
        body = (
            f"# Links\n[a]({here.get_absolute_url()}#part) [b]({here.get_absolute_url()}#gone) "
            f"[c]({other.get_absolute_url()}) [d](/nowhere/) [e](files/x.png) [f](/monitoring/) "
            "[g](http://169.254.169.254/latest/) [h](mailto:x@example.org)"
        )
        row = services.write(project=self.fraud, kind="guide", body=body, by=self.ada)
        services.check_links()
        found = {
            link.url.rpartition("/docs/")[2] or link.url: link.state for link in row.links.all()
        }
        states = [row.links.get(url=url).state for url in (
            f"{here.get_absolute_url()}#part", f"{here.get_absolute_url()}#gone",
            other.get_absolute_url(), "/nowhere/", "files/x.png", "/monitoring/",
            "http://169.254.169.254/latest/",
        )]  # fmt: skip
        self.assertEqual(
            states, ["ok", "broken", "broken", "broken", "broken", "ok", "unknown"], found
        )
        self.assertEqual(row.links.count(), 7)
        self.assertEqual(services.check_links(), {})  # nothing is due twice


class BlockTests(PortalTestCase):
    def test_an_unknown_kind_says_what_can_be_asked(self) -> None:
        body = "# Live\n\n```query\npoem: roses\n```\n\n```query\nmonitor: none such\n```\n"
        row = services.write(project=self.fraud, kind="guide", body=body, by=self.ada)
        self.client.force_login(self.carol)
        page = self.client.get(row.get_absolute_url())
        self.assertContains(page, f"/docs/{row.pk}/blocks/1/")
        self.assertContains(self.client.get(f"/docs/{row.pk}/blocks/1/"), "cannot be asked here")
        self.assertContains(self.client.get(f"/docs/{row.pk}/blocks/2/"), "No such monitor")
        self.assertContains(self.client.get(f"/docs/{row.pk}/blocks/9/"), "begin the block")
        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(f"/docs/{row.pk}/blocks/1/").status_code, 404)
