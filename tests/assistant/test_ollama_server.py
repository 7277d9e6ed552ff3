"""What is asked of an Ollama server beside answers, and tools that a model chooses."""

from __future__ import annotations

from typing import Any

from django.test import SimpleTestCase, override_settings

from apps.assistant.answers import Piece
from apps.assistant.models import Provider
from apps.assistant.providers import choosing, ollama
from apps.assistant.providers.choosing import Offered
from apps.assistant.providers.ollama import PullFailed, Step
from apps.assistant.providers.sites import Site
from apps.core.errors import Invalid
from apps.core.http.errors import Absent
from tests.assistant.ollama import Ollama

EVIDENCE = [
    Piece(1, "deployment", "1", "tumour", "/deployments/tumour/", "tumour serves version 7.")
]


def _check(given: dict[str, Any]) -> dict[str, Any]:
    if set(given) - {"words"}:
        raise Invalid(field="arguments", reason="only words")
    return given


TOOLS = {
    "find_passages": Offered(
        "Search.", {"type": "object", "properties": {"words": {"type": "string"}}}, _check
    )
}


class OllamaServerTests(SimpleTestCase):
    def setUp(self) -> None:
        self.ollama = Ollama()
        self.addCleanup(self.ollama.close)
        self.addCleanup(lambda: self.assertEqual(self.ollama.problems, []))
        self.enterContext(override_settings(HTTP_ALLOW=(self.ollama.host,)))

    def site(self, calls: str = Provider.Calls.NATIVE) -> Site:
        return Site("Ollama", "ollama", self.ollama.url, "llama3.1", calls=calls)

    def test_it_lists_what_is_there_and_what_is_loaded(self) -> None:
        self.ollama.models["llama3.1:latest"].loaded = 5_000
        found = ollama.models(self.site())
        self.assertEqual(
            [(f.name, f.loaded, f.parameters) for f in found], [("llama3.1:latest", 5000, "8B")]
        )
        self.assertEqual(ollama.version(self.site()), "0.12.0")

    def test_it_shows_window_and_abilities(self) -> None:
        shown = ollama.show(self.site(), "llama3.1")
        self.assertEqual((shown.window, shown.calls, shown.licence), (8192, "native", "Apache 2.0"))
        self.ollama.models["llama3.1:latest"].abilities = ("completion",)
        self.assertEqual(ollama.show(self.site(), "llama3.1").calls, "json")

    def test_a_pull_tells_how_far_it_is(self) -> None:
        steps: list[Step] = []
        ollama.pull(self.site(), "mixtral:8x7b", steps.append)
        self.assertEqual(steps[-1].status, "success")
        self.assertIn(50.0, [step.percent for step in steps])
        self.assertIn("mixtral:8x7b", self.ollama.models)

    def test_an_error_in_mid_pull_is_told(self) -> None:
        self.ollama.pull_error = "max retries exceeded: no space left on device"
        with self.assertRaisesRegex(PullFailed, "no space left"):
            ollama.pull(self.site(), "mixtral:8x7b", lambda step: None)

    def test_what_a_step_raises_ends_the_pull(self) -> None:
        class Enough(Exception):
            pass

        def stop(step: Step) -> None:
            raise Enough

        with self.assertRaises(Enough):
            ollama.pull(self.site(), "mixtral:8x7b", stop)

    def test_it_deletes_unloads_and_embeds(self) -> None:
        self.ollama.models["llama3.1:latest"].loaded = 5_000
        ollama.unload(self.site(), "llama3.1")
        self.assertEqual(self.ollama.models["llama3.1:latest"].loaded, 0)
        self.assertEqual(ollama.embed(self.site(), "llama3.1", ["ab", "c"])[0], [2.0, 1.0, 0.0])
        ollama.delete(self.site(), "llama3.1")
        with self.assertRaises(Absent):
            ollama.delete(self.site(), "llama3.1")

    def wishes(self, calls: str = Provider.Calls.NATIVE) -> list[choosing.Wish]:
        return choosing.wishes(
            self.site(calls), "How do I mend it?", EVIDENCE, tools=TOOLS, stopped=lambda: False
        )

    def test_a_model_calls_tools(self) -> None:
        self.ollama.script.calls = [{"name": "find_passages", "arguments": {"words": "mend"}}]
        self.assertEqual(self.wishes(), [choosing.Wish("find_passages", {"words": "mend"})])
        self.assertEqual(self.ollama.chats()[0]["tools"][0]["function"]["name"], "find_passages")

    def test_a_model_without_tools_names_them_in_constrained_json(self) -> None:
        self.ollama.script.calls = [{"name": "find_passages", "arguments": {"words": "mend"}}]
        found = self.wishes(Provider.Calls.JSON)
        self.assertEqual(found, [choosing.Wish("find_passages", {"words": "mend"})])
        self.assertEqual(self.ollama.chats()[0]["format"]["required"], ["calls"])

    def test_malformed_calls_are_not_made(self) -> None:
        self.ollama.script.calls = [
            {"name": "drop_tables", "arguments": {}},
            {"name": "find_passages", "arguments": {"user": "sam"}},
        ]
        self.assertEqual(
            [wish.wrong for wish in self.wishes()],
            ["there is no such tool", "arguments: only words"],
        )

    def test_a_model_that_calls_for_ever_gets_three(self) -> None:
        self.ollama.script.calls = [
            {"name": "find_passages", "arguments": {"words": str(n)}} for n in range(50)
        ]
        self.assertEqual(len(self.wishes()), 3)

    def test_who_cannot_choose_is_not_asked(self) -> None:
        self.assertEqual(self.wishes(Provider.Calls.NONE), [])
        self.assertEqual(self.ollama.asked, [])
