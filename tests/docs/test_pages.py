"""The pages of documents: what they show, to whom, and what they let people do."""

from __future__ import annotations

from apps.docs import services
from apps.docs.models import Document
from tests.base import PortalTestCase

BODY = """---
tags: [drift]
applies_to:
  features: [income]
---
# Income drifts

<script>alert(1)</script>

## First steps

Roll back to the version before.
"""


class DocumentPageTests(PortalTestCase):
    def written(self) -> Document:
        return services.write(project=self.fraud, kind="runbook", body=BODY, by=self.rita)

    def test_a_member_reads_what_a_stranger_cannot_find(self) -> None:
        row = self.written()
        self.client.force_login(self.carol)
        page = self.client.get(row.get_absolute_url())
        self.assertContains(page, '<h2 id="first-steps">First steps</h2>')
        self.assertNotContains(page, "<script>alert")
        self.assertContains(page, "income")
        self.assertContains(page, "Revision 1")
        self.assertContains(self.client.get("/docs/"), "Income drifts")
        self.assertEqual(self.client.get(f"{row.get_absolute_url()}edit/").status_code, 403)

        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(row.get_absolute_url()).status_code, 404)
        self.assertContains(self.client.get("/docs/"), "No documents yet")
        self.assertContains(self.client.get("/docs/?q=roll+back"), "Nothing speaks of these words")

    def test_the_search_marks_the_words(self) -> None:
        row = self.written()
        self.client.force_login(self.carol)
        page = self.client.get("/docs/?q=roll")
        self.assertContains(page, "<mark>Roll</mark>")
        self.assertContains(page, f"{row.get_absolute_url()}#first-steps")
        for bent in ("q=%00", "q=%27%26%7C!", "sort=x&after=y"):
            self.assertEqual(self.client.get(f"/docs/?{bent}").status_code, 200, bent)

    def test_a_document_is_written_and_revised(self) -> None:
        self.client.force_login(self.rita)
        self.assertContains(self.client.get("/docs/new/"), "Front matter")
        sent = {"project": "fraud", "kind": "guide", "title": "", "body": "# Start\n\nHere."}
        answer = self.client.post("/docs/new/", sent)
        row = Document.objects.get()
        self.assertRedirects(answer, row.get_absolute_url())

        edit = f"/docs/{row.pk}/edit/"
        self.assertContains(self.client.get(edit), "Here.")
        self.client.post(edit, {"title": "Begin", "body": "# Start\n\nThere."})
        row.refresh_from_db()
        self.assertEqual((row.title, row.revisions.count()), ("Begin", 2))
        self.assertContains(self.client.get(row.get_absolute_url()), "There.")

    def test_mistakes_come_back_beside_their_field(self) -> None:
        self.client.force_login(self.rita)
        sent = {"project": "fraud", "kind": "guide", "body": "---\n[\n---\n"}
        self.assertContains(
            self.client.post("/docs/new/", sent), "front matter is not YAML", status_code=422
        )
        elsewhere = {**sent, "project": "weather", "body": "# x"}
        self.assertEqual(self.client.post("/docs/new/", elsewhere).status_code, 422)
        self.assertFalse(Document.objects.exists())

    def test_whoever_only_looks_is_told_how_to_write(self) -> None:
        self.client.force_login(self.carol)
        self.assertContains(self.client.get("/docs/new/"), "responder role")
