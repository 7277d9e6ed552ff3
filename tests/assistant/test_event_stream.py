"""`assistant/ask` as server-sent events, from a really running portal: what comes, and what is left after a break."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.test import override_settings

from apps.accounts.services import create_token
from apps.assistant.models import Exchange
from apps.assistant.talks import services
from apps.docs import services as docs
from tests.assistant.ollama import Ollama, Script
from tests.base import PortalTransactionTestCase
from tests.server import running

HOW = "How do I mend odd scores?"
TRUE = "Roll back to mend odd scores [1]."
CHECKED = "Roll back to mend odd scores."
Event = tuple[str, Any]


class EventStreamTests(PortalTransactionTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        import_module("langchain_ollama")
        cls.ollama = Ollama(Script(words=lambda body: TRUE))
        cls.addClassCleanup(cls.ollama.close)
        cls.portal = cls.enterClassContext(running(OLLAMA_HOST=cls.ollama.url))

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(override_settings(OLLAMA_HOST=self.ollama.url))
        body = "# Scores\n\n## Odd scores\n\nRoll back to mend odd scores."
        docs.write(project=self.fraud, kind="runbook", body=body, by=self.ada)

    def asked(self, user: Any, **more: Any) -> http.client.HTTPResponse:
        token = create_token(user=user, name="stream", by=user)[1] if user else "sbx_no_body"
        connection = http.client.HTTPConnection(urlsplit(self.portal).netloc, timeout=60)
        self.addCleanup(connection.close)
        self.connection = connection
        headers = {
            "Accept": "text/event-stream",
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
        }
        body = json.dumps({"question": HOW, "project": "fraud", **more})
        connection.request("POST", "/api/v1/assistant/ask", body, headers)
        return connection.getresponse()

    def events(self, answer: http.client.HTTPResponse) -> Iterator[Event]:
        name = ""
        for line in answer:
            head, _, rest = line.decode().strip().partition(": ")
            if head == "event":
                name = rest
            elif head == "data":
                yield name, json.loads(rest)

    def test_without_a_model_it_comes_at_once(self) -> None:
        answer = self.asked(self.carol, without_model=True)
        self.assertEqual(answer.getheader("Content-Type"), "text/event-stream; charset=utf-8")
        found = list(self.events(answer))
        names = [name for name, _ in found]
        self.assertEqual((names[0], names[-1]), ("begun", "ended"))
        self.assertIn("evidence", names)
        self.assertIn("call", names)
        self.assertIn(CHECKED, " ".join(data["text"] for name, data in found if name == "sentence"))

    def test_a_models_words_come_while_it_speaks(self) -> None:
        events = self.events(self.asked(self.carol))
        name, begun = next(events)
        self.assertEqual(name, "begun")
        services.answer(exchange_id=begun["id"])
        found = list(events)
        self.assertEqual([d["text"] for n, d in found if n == "sentence"], [CHECKED])
        self.assertEqual((found[-1][0], found[-1][1]["model"]), ("ended", "llama3.1"))

    def test_an_answer_goes_on_without_its_connection(self) -> None:
        events = self.events(self.asked(self.carol))
        _, begun = next(events)
        self.connection.close()
        self.assertTrue(Exchange.objects.get().is_running)
        services.answer(exchange_id=begun["id"])
        self.client.force_login(self.carol)
        again = self.client.get(f"/assistant/conversations/{begun['id']}/")
        self.assertContains(again, CHECKED)
        self.assertContains(again, "Worded by llama3.1")

    def test_refusals_are_problems_and_no_streams(self) -> None:
        self.assertEqual(self.asked(None).status, 401)
        refused = self.asked(self.bob)
        self.assertEqual((refused.status, json.loads(refused.read())["code"]), (404, "not_found"))
        self.assertFalse(Exchange.objects.exists())
