"""Conversations: asking with a model, going on, stopping, sharing, rating, forgetting, budgets."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

from django.test import override_settings
from django.utils import timezone

from apps.assistant.errors import OverBudget
from apps.assistant.models import Case, Conversation, Exchange, Terms
from apps.assistant.planner import Question
from apps.assistant.talks import retention, services
from apps.assistant.talks.services import Wish
from apps.core.jobs import run_job
from apps.core.models import Job
from apps.docs import services as docs
from apps.ledger.models import Entry
from tests.assistant.ollama import Ollama, Script
from tests.base import PortalTestCase

HOW = "How do I mend odd scores?"


def repeat(body: dict[str, Any]) -> str:
    """The first piece of the evidence in its own words, and a lie."""
    line = body["messages"][-1]["content"].split("\n")[2]
    return f"{line.partition(': ')[2].rstrip('.')} [1]. Mallory deleted 4711 rows [1]."


class TalkTests(PortalTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        import_module("langchain_ollama")

    def setUp(self) -> None:
        self.ollama = Ollama(Script(words=repeat))
        self.addCleanup(self.ollama.close)
        self.enterContext(override_settings(OLLAMA_HOST="", HTTP_ALLOW=(self.ollama.host,)))
        body = "# Scores\n\n## Odd scores\n\nRoll back to mend odd scores."
        self.runbook = docs.write(project=self.fraud, kind="runbook", body=body, by=self.ada)

    def with_model(self) -> None:
        self.enterContext(override_settings(OLLAMA_HOST=self.ollama.url))

    def ask(self, text: str = HOW, *, by: Any = None, **how: Any) -> Exchange:
        by = by or self.carol
        question = Question(by, text, "fraud")
        return services.ask(question=question, by=by, project_id=self.fraud.pk, **how)

    def test_a_model_answers_in_a_job_that_outlives_the_page(self) -> None:
        self.with_model()
        self.client.force_login(self.carol)
        sent = {"question": HOW, "project": "fraud"}
        page = self.client.post("/assistant/", sent, follow=True)
        row = Exchange.objects.get()
        self.assertTrue(row.is_running)
        self.assertContains(page, f'data-live="exchange:{row.pk}"')
        self.assertContains(page, "It goes on when you leave this page.")

        run_job(Job.objects.get(kind=services.ANSWER).pk)
        state = self.client.get(f"/assistant/conversations/{row.pk}/state/")
        self.assertContains(state, "Roll back to mend odd scores")
        self.assertContains(state, "Worded by llama3.1")
        self.assertNotContains(state, "Mallory")
        self.assertNotContains(state, "data-live")
        row.refresh_from_db()
        self.assertEqual((row.state, row.tokens), ("done", 42 * len(self.ollama.chats())))
        self.assertTrue(all("seconds" in call for call in row.calls))
        self.assertEqual(set(row.timings), {"evidence", "planning", "wording", "checking"})
        self.assertLess(row.timings["checking"], row.timings["wording"])
        self.assertContains(state, "of it checking")

    def test_a_model_that_is_mostly_wrong_is_asked_once_more(self) -> None:
        self.with_model()
        lies = "Mallory deleted 4711 rows [1]. Mallory deleted 4712 rows [1]. "
        again = "Write it again"
        self.ollama.script.words = lambda body: (
            repeat(body) if again in body["messages"][-1]["content"] else lies
        )
        row = self.ask(wait=True)
        self.assertEqual((row.model, len(row.sentences)), ("llama3.1", 1))
        asked = [body["messages"][-1]["content"] for body in self.ollama.chats()]
        self.assertEqual(sum(again in each for each in asked), 1)
        self.assertIn("The evidence did not carry:", asked[-1])

    def test_a_model_of_which_nearly_all_is_wrong_is_not_heard(self) -> None:
        self.with_model()
        lies = " ".join(f"Mallory deleted {n} rows [1]." for n in range(4711, 4716))
        self.ollama.script.words = lambda body: f"{lies} {repeat(body)}"
        row = self.ask(wait=True)
        self.assertEqual((row.state, row.model), ("done", "none"))
        self.assertIn("Nothing that the model said", row.note)
        self.assertIn("Roll back to mend odd scores.", row.sentences[0]["text"])

    def test_a_broken_model_leaves_the_evidence_to_the_portal(self) -> None:
        self.with_model()
        self.ollama.script = Script(status=500, error="model requires more system memory")
        row = self.ask(wait=True)
        self.assertEqual((row.state, row.model), ("done", "none"))
        self.assertIn("not enough memory", row.note)
        self.assertIn("Roll back to mend odd scores.", row.sentences[0]["text"])

    def test_what_was_said_before_a_cut_stays(self) -> None:
        self.with_model()
        self.ollama.script = Script(words=lambda b: f"{repeat(b)} More and more.", cut_after=14)
        row = self.ask(wait=True)
        self.assertEqual((row.state, row.model), ("done", "llama3.1"))
        self.assertIn("broke off", row.note)
        self.assertEqual(len(row.sentences), 1)

    def test_it_is_stopped_while_the_model_is_silent(self) -> None:
        self.with_model()
        self.ollama.script.silent_after = 0
        row = self.ask(wait=False)
        services.stop(exchange=row)
        services.answer(exchange_id=row.pk)
        row.refresh_from_db()
        self.assertEqual((row.state, row.note), ("stopped", "Stopped on request."))
        services.answer(exchange_id=row.pk)  # a second worker changes nothing

    def test_an_answer_that_lost_its_worker_fails(self) -> None:
        self.with_model()
        row = self.ask(wait=False)
        self.assertEqual(services.sweep(), 0)
        Exchange.objects.update(at=timezone.now() - timedelta(hours=1))
        self.assertEqual(services.sweep(), 1)
        row.refresh_from_db()
        self.assertEqual(row.state, "failed")

    def test_who_lost_the_project_gets_no_answer(self) -> None:
        self.with_model()
        row = self.ask(wait=False)
        self.fraud.grants.filter(user=self.carol).delete()
        services.answer(exchange_id=row.pk)
        row.refresh_from_db()
        self.assertEqual((row.state, row.evidence), ("failed", []))

    def test_a_follow_up_knows_what_came_before(self) -> None:
        self.with_model()
        first = self.ask(wait=True)
        wish = Wish(conversation=first.conversation)
        second = self.ask("And who wrote it?", wish=wish, wait=True)
        self.assertEqual(second.conversation, first.conversation)
        self.assertIn("odd-scores", second.evidence[0]["url"])
        self.assertIn(f"Asked: {HOW}", self.ollama.chats()[-1]["messages"][-1]["content"])

    def test_sharing_shows_others_what_they_may_see_themselves(self) -> None:
        row = self.ask(by=self.ada)
        evidence = [
            *row.evidence,
            {**row.evidence[0], "n": 99, "url": "/docs/999/", "title": "Secret"},
        ]
        hidden = {"text": "Secret thing.", "standing": "known", "citations": [99]}
        Exchange.objects.update(evidence=evidence, sentences=[*row.sentences, hidden])
        talk = row.conversation
        assert talk is not None
        self.client.force_login(self.carol)
        self.assertEqual(self.client.get(talk.get_absolute_url()).status_code, 404)

        services.share(conversation=talk, project=self.fraud, by=self.ada)
        page = self.client.get(talk.get_absolute_url())
        self.assertContains(page, "Roll back to mend odd scores.")
        self.assertContains(page, "1 sentence rests on records that you may not see")
        self.assertNotContains(page, "Secret")
        self.assertContains(self.client.get("/assistant/"), "Shared with you")
        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(talk.get_absolute_url()).status_code, 404)

        services.unshare(conversation=talk, by=self.ada)
        self.client.force_login(self.carol)
        self.assertEqual(self.client.get(row.get_absolute_url()).status_code, 404)
        verbs = list(
            Entry.objects.filter(verb__startswith="assistant.").values_list("verb", flat=True)
        )
        self.assertEqual(sorted(verbs), ["assistant.shared", "assistant.unshared"])

    def test_it_is_rated_copied_searched_and_erased(self) -> None:
        row = self.ask()
        self.client.force_login(self.carol)
        page = row.get_absolute_url()
        self.client.post(f"{page}rate/", {"feedback": "wrong", "words": "Names no version."})
        self.client.post(f"{page}rate/", {"feedback": "wrong", "words": "Names no version."})
        self.assertEqual(Case.objects.get().origin_id, int(page.rstrip("/").rpartition("/")[2]))
        self.assertContains(self.client.get(page), "You said: wrong.")
        copied = self.client.get(f"{page}markdown/").content.decode()
        self.assertIn("1. ", copied)
        self.assertContains(self.client.get("/assistant/?q=odd+scores"), HOW)
        self.assertContains(
            self.client.get("/assistant/?q=weather"), "Nothing you asked holds these"
        )

        self.client.post("/assistant/forget/")
        self.assertFalse(Exchange.objects.exists() or Conversation.objects.exists())

    def test_rest_says_that_the_records_do_not_say(self) -> None:
        self.client.force_login(self.ada)
        asked = {"question": "What is the capital of Peru?"}
        told = self.client.post("/api/v1/assistant/ask/", asked, content_type="application/json")
        standings = {each["standing"] for each in told.json()["sentences"]}
        self.assertEqual(standings, {"not_in_records"})

    def test_what_changed_keeps_the_time_that_was_looked_at(self) -> None:
        self.client.force_login(self.ada)
        asked = {"question": "What changed since yesterday?"}
        self.client.post("/api/v1/assistant/ask/", asked, content_type="application/json")
        kept = Exchange.objects.get()
        [call] = [each for each in kept.calls if each["name"] == "changes_between"]
        self.assertIn("T", call["arguments"]["since"])

    def test_budgets_hold_for_people_and_projects(self) -> None:
        with override_settings(ASSISTANT_QUESTIONS_PER_HOUR=1):
            self.ask()
            with self.assertRaises(OverBudget):
                self.ask()
            answer = self.api(self.carol).post(
                "/api/v1/assistant/ask/", {"question": HOW}, format="json"
            )
        self.assertEqual((answer.status_code, answer.json()["code"]), (429, "over_budget"))
        self.assertGreater(int(answer["Retry-After"]), 0)
        Terms.objects.create(project=self.fraud, tokens_a_day=10)
        Exchange.objects.update(tokens=10)
        with self.assertRaisesRegex(OverBudget, "This project may use 10 tokens"):
            self.ask(by=self.ada)

    def test_old_questions_go_when_their_project_says(self) -> None:
        mine, other = self.ask(), self.ask()
        Exchange.objects.filter(pk=other.pk).update(project_id=None)
        Exchange.objects.update(at=timezone.now() - timedelta(days=40))
        self.assertEqual(retention.forget_old(), 0)
        Terms.objects.create(project=self.fraud, keep_days=30)
        self.assertEqual(retention.forget_old(), 1)
        self.assertEqual(Exchange.objects.get(), other)
        self.assertFalse(Exchange.objects.filter(pk=mine.pk).exists())

    def test_a_narrowed_token_reads_only_what_it_asked(self) -> None:
        narrow = self.api(self.carol, project_ids=[self.fraud.pk])
        asked = narrow.post("/api/v1/assistant/ask/", {"question": HOW}, format="json").json()
        place = f"/api/v1/assistant/conversations/{asked['id']}/"
        self.assertEqual(narrow.get(place).json()["answer"], asked["answer"])
        self.assertEqual(
            self.api(self.carol, project_ids=[self.fraud.pk]).get(place).status_code, 404
        )
        self.assertEqual(self.api(self.bob).get(place).status_code, 404)
