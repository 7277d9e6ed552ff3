"""Servers of OpenAI's shape: words, faults, tools, and what they say of themselves."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from unittest.mock import patch

from django.test import SimpleTestCase, override_settings

from apps.assistant import errors
from apps.assistant.answers import Piece
from apps.assistant.providers import chats, choosing, openai, writer
from apps.assistant.providers.choosing import Offered
from apps.assistant.providers.pace import Patience
from apps.assistant.providers.sites import Site
from apps.assistant.providers.writer import ModelWriter
from apps.core.http.errors import BadAnswer
from tests.assistant.openai_server import OpenAi

EVIDENCE = [
    Piece(1, "deployment", "1", "tumour", "/deployments/tumour/", "tumour serves version 7.")
]
# Nobody waits so long for a server that speaks; one that must be too slow never speaks at all.
LONG, SHORT = Patience(60, 60, 120), Patience(0.5, 60, 120)


class OpenAiServerTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        import_module("langchain_openai")

    def setUp(self) -> None:
        self.fake = OpenAi()
        self.addCleanup(self.fake.close)
        self.enterContext(override_settings(HTTP_ALLOW=(self.fake.host,)))

    def site(self, **values: Any) -> Site:
        given = {"model": "tiny", "base_url": self.fake.url, **values}
        return Site(name="Local", kind="openai", **given)

    def writer(self, **values: Any) -> ModelWriter:
        return ModelWriter(self.site(**values), patience=LONG)

    def words(self, **values: Any) -> list[str]:
        return [s.text for s in self.writer(**values).write("What serves?", EVIDENCE)]

    def test_it_words_the_evidence(self) -> None:
        writer = self.writer(secret="sesame", base_url=f"{self.fake.url}/v1")
        self.assertEqual(
            [s.text for s in writer.write("What?", EVIDENCE)], ["tumour serves version 7."]
        )
        self.assertEqual((writer.tokens, self.fake.tokens), (39, ["Bearer sesame"]))
        # Most servers know only the older name of it.
        self.assertEqual(self.fake.asked[0]["max_tokens"], 700)
        self.assertNotIn("max_completion_tokens", self.fake.asked[0])

    def test_tokens_are_estimated_where_the_server_counts_none(self) -> None:
        self.fake.usage = False
        writer = self.writer()
        writer.write("What?", EVIDENCE)
        self.assertGreater(writer.tokens, 100)

    def test_faults_are_told_apart(self) -> None:
        with self.assertRaises(errors.ModelMissing):
            self.words(model="huge")
        self.fake.cut_after = 2
        with self.assertRaises(errors.CutShort):
            self.words()
        self.fake.cut_after, self.fake.finish = None, ""
        with self.assertRaises(errors.CutShort):
            self.words()
        self.fake.finish, self.fake.silent = "stop", True
        with self.assertRaises(errors.TooSlow), patch.object(writer, "GRACE", 60):
            self.writer().patient(SHORT).write("What serves?", EVIDENCE)

    def test_an_error_in_mid_stream_is_told(self) -> None:
        self.fake.error_after, self.fake.error = 2, "CUDA error: out of memory"
        with self.assertRaises(errors.OutOfMemory):
            self.words()

    def test_too_long_a_prompt_is_shortened_and_tried_again(self) -> None:
        self.fake.status = 400
        self.fake.error = (
            "This model's maximum context length is 2048 tokens, however you requested 3000"
        )
        long = [Piece(n, "passage", str(n), f"Page {n}", "", "word " * 380) for n in range(1, 21)]
        with self.assertRaises(errors.WindowTooSmall):
            self.writer(window=8192).write("What?", long)
        sizes = [len(body["messages"][-1]["content"]) for body in self.fake.asked]
        self.assertEqual(len(sizes), 4)
        self.assertGreater(sizes[0], sizes[1] * 2)  # the window that the server named
        self.assertGreater(sizes[1], sizes[3] * 2)

    def test_windows_are_read_from_refusals(self) -> None:
        for said, window in (
            ("request (5043 tokens) exceeds the available context size (4096 tokens)", 4096),
            ("`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2100", 2048),
            ("the model is loaded with context length of only 8192 tokens", 8192),
            ("the prompt exceeds the available context size (status code: 400)", None),
        ):
            found = chats.refusal(self.site(), ConnectionError(said))
            self.assertIsInstance(found, errors.WindowTooSmall)
            self.assertEqual(found.data["window"], window, said)

    def test_a_stream_without_a_word_is_asked_for_all_at_once(self) -> None:
        self.fake.mute = True
        self.assertEqual(self.words(), ["ok"])
        self.fake.status, self.fake.error = 500, "CUDA error: out of memory"
        with self.assertRaises(errors.OutOfMemory):
            self.words()

    def test_the_guard_stands_before_it(self) -> None:
        with (
            override_settings(HTTP_ALLOW=()),
            self.assertRaisesRegex(errors.WriterAway, "HTTP_ALLOW"),
        ):
            self.words()
        self.assertEqual(self.fake.asked, [])

    def test_it_says_what_it_has_and_can(self) -> None:
        self.assertEqual(openai.models(self.site()), ["tiny"])
        self.assertEqual(openai.window(self.site()), 2048)
        self.fake.model = {**self.fake.model, "max_model_len": 32768}
        self.assertEqual(openai.window(self.site()), 32768)
        self.assertEqual(openai.calls(self.site()), "none")
        self.fake.calls = [{"name": "look", "arguments": "{}"}]
        self.assertEqual(openai.calls(self.site()), "native")
        self.fake.model, self.fake.props = {"id": "tiny"}, None
        self.assertIsNone(openai.window(self.site()))

    def test_what_lists_nothing_is_no_such_server(self) -> None:
        self.fake.model = None  # type: ignore[assignment]
        self.assertEqual(openai.models(self.site()), [])
        self.fake.listed = {"models": []}
        with self.assertRaises(BadAnswer):
            openai.models(self.site())

    def test_its_tool_calls_are_read_and_malformed_ones_named(self) -> None:
        tools = {"look": Offered("Look.", {"type": "object", "properties": {}}, dict)}
        self.fake.calls = [
            {"name": "look", "arguments": '{"what": "x"}'},
            {"name": "look", "arguments": "{not json"},
        ]
        found = choosing.wishes(
            self.site(calls="native"), "What?", EVIDENCE, tools=tools, stopped=lambda: False
        )
        self.assertEqual(
            [(w.arguments, w.wrong) for w in found],
            [({"what": "x"}, ""), ({}, "its arguments cannot be read")],
        )
