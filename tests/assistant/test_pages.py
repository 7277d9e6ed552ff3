"""The assistant's pages: a question, its answer with sources, and what one has asked."""

from __future__ import annotations

from django.test import override_settings

from apps.assistant.models import Exchange
from apps.docs import services as docs
from tests.base import PortalTestCase

QUESTION = "How do I mend odd scores?"


@override_settings(OLLAMA_HOST="")
class AssistantPageTests(PortalTestCase):
    def setUp(self) -> None:
        self.runbook = docs.write(
            project=self.fraud,
            kind="runbook",
            body="# Scores\n\n## Odd scores\n\nRoll back to mend odd scores.",
            by=self.ada,
        )

    def test_an_answer_cites_its_sources_and_is_kept(self) -> None:
        self.client.force_login(self.carol)
        self.assertContains(self.client.get("/assistant/"), "Nothing asked yet")
        sent = {"question": QUESTION, "project": "fraud"}
        page = self.client.post("/assistant/", sent, follow=True)
        self.assertContains(page, "Roll back to mend odd scores.")
        self.assertContains(page, f"{self.runbook.get_absolute_url()}#odd-scores")
        self.assertContains(page, 'class="cite"')
        kept = Exchange.objects.get()
        self.assertEqual((kept.asked_by, kept.project_id), (self.carol, self.fraud.pk))
        again = self.client.get(f"/assistant/conversations/{kept.pk}/")
        self.assertContains(again, "Roll back to mend odd scores.")
        self.assertContains(self.client.get("/assistant/"), QUESTION)

        self.client.force_login(self.ada)
        self.assertEqual(self.client.get(f"/assistant/conversations/{kept.pk}/").status_code, 404)

    def test_a_stranger_is_told_nothing(self) -> None:
        self.client.force_login(self.bob)
        page = self.client.post("/assistant/", {"question": QUESTION}, follow=True)
        self.assertNotContains(page, "Roll back")
        other = self.client.post("/assistant/", {"question": QUESTION, "project": "fraud"})
        self.assertEqual(other.status_code, 422)

    def test_the_panel_answers_about_the_page(self) -> None:
        self.client.force_login(self.carol)
        self.assertContains(self.client.get("/assistant/panel/"), "data-panel-close")
        sent = {"question": QUESTION, "page_kind": "document", "page_id": str(self.runbook.pk)}
        page = self.client.post("/assistant/panel/", sent)
        self.assertContains(page, "Roll back to mend odd scores.")
        self.assertNotContains(page, "<html")

    def test_bad_questions_come_back(self) -> None:
        self.client.force_login(self.carol)
        for question in ("", "a\x00", "x" * 4001):
            page = self.client.post("/assistant/", {"question": question})
            self.assertEqual(page.status_code, 422)
        self.assertFalse(Exchange.objects.exists())
