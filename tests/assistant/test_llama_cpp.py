"""The real llama.cpp server with models of our own making: docs/assistant/providers.md says how to run this."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from apps.assistant import errors
from apps.assistant.answers import Answer, Piece, Question
from apps.assistant.models import Exchange, Provider
from apps.assistant.providers import choosing, openai, order, services
from apps.assistant.providers.choosing import Offered
from apps.assistant.providers.pace import Patience, Stopped
from apps.assistant.providers.services import Wanted
from apps.assistant.providers.sites import Site
from apps.assistant.providers.writer import ModelWriter
from apps.assistant.streaming import Asking
from apps.assistant.talks import services as talks
from apps.docs import services as docs
from tests.assistant.llama_server import LlamaServer, Served, trouble
from tests.assistant.tiny_gguf import babbling, reciting
from tests.base import PortalTestCase
from tests.portal.polling import until

SMALL, LARGE = 2048, 16384
HOW = "How do I mend odd scores?"
HONEST = ("Roll back", " to mend", " odd scores", " [1].", " Then", " tell Ada [1].")
LONG = tuple(f" word{n}{'.' if n % 4 == 3 else ''}" for n in range(650))
# What it says after it has named a tool, when it names one, and its arguments: a grammar lets it say no other.
CALLING = (("<|im_end|>",), ("functions.", "look:"), ('{"what": "', "odd scores", '"}'))
WORDS = (
    *("Roll", "back", "to", "mend", "odd", "scores", "not", "never", "was", "by", "ada", "4711"),
    *("98", "%", "the", "is", "and", "[1].", "[2].", "[1]"),
)
SEEDS = (1, 2, 3)
EVIDENCE = [Piece(1, "passage", "1", "Scores", "/docs/1/", "Roll back to mend odd scores.")]
LOOK = {
    "look": Offered(
        "Look something up.",
        {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
        dict,
    )
}


@pytest.mark.slow
@pytest.mark.skipif(bool(why := trouble()), reason=why)
class LlamaCppTests(PortalTestCase):
    folder: Path
    server: LlamaServer

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.server = cls.started()

    @classmethod
    def started(cls) -> LlamaServer:
        """A server with all of our models; the second half of a name tells its window."""
        made = {
            "honest": reciting(HONEST, window=LARGE),
            "long": reciting(LONG, window=LARGE),
            "caller": reciting(*CALLING, window=LARGE),
            **{f"babble-{seed}": babbling(WORDS, seed=seed, window=LARGE) for seed in SEEDS},
        }
        files = {name: model.write(cls.folder / f"{name}.gguf") for name, model in made.items()}
        formats = {"caller": "chatml-function-calling"}
        served = [Served(str(file), n, LARGE, formats.get(n)) for n, file in files.items()]
        small = Served(str(files["honest"]), "honest-small", SMALL)
        server = LlamaServer(cls.folder, *served, small)
        cls.addClassCleanup(server.close)
        return server

    def setUp(self) -> None:
        self.allow(self.server)
        body = "# Scores\n\n## Odd scores\n\nRoll back to mend odd scores.\n"
        docs.write(project=self.fraud, kind="runbook", body=body, by=self.ada)

    def allow(self, *servers: LlamaServer) -> None:
        hosts = tuple(server.host for server in servers)
        self.enterContext(override_settings(OLLAMA_HOST="", HTTP_ALLOW=hosts))

    def site(self, model: str, server: LlamaServer | None = None, **more: Any) -> Site:
        url = (server or self.server).url
        return Site("llama.cpp", "openai", url, model, **{"window": LARGE, **more})

    def provider(self, model: str) -> Provider:
        wanted = Wanted("llama.cpp", "openai", self.server.url, model)
        row = services.create_provider(project=self.fraud, wanted=wanted, by=self.ada)
        return services.probe(provider=row)

    def answer(self, sites: list[Site]) -> Answer:
        return Asking(Question(self.carol, HOW, "fraud"), sites).answer()

    def test_it_says_what_it_has(self) -> None:
        self.assertEqual(openai.models(self.site("honest"))[:2], ["honest", "long"])
        self.assertEqual(self.provider("honest").trouble, "")
        Provider.objects.all().delete()
        self.assertIn("does not offer mistral", self.provider("mistral").trouble)

    def test_it_is_told_which_models_call_tools(self) -> None:
        self.assertEqual(openai.calls(self.site("caller")), Provider.Calls.NATIVE)
        self.assertEqual(openai.calls(self.site("honest")), Provider.Calls.NONE)

    def test_an_answer_comes_in_pieces(self) -> None:
        writer = ModelWriter(self.site("honest"))
        self.assertEqual(
            [(each.text, each.citations) for each in writer.stream(HOW, EVIDENCE)],
            [("Roll back to mend odd scores.", (1,)), ("Then tell Ada.", (1,))],
        )
        self.assertGreater(writer.tokens, len(HONEST))  # it streams no count: they are estimated

    def test_it_says_no_more_than_it_may(self) -> None:
        said = ModelWriter(self.site("long", window=900)).write(HOW, EVIDENCE)
        self.assertLess(len(said), 80)  # a third of the window, four tokens each

    def test_who_wants_no_more_ends_its_work(self) -> None:
        stream = ModelWriter(self.site("long")).stream(HOW, EVIDENCE)
        self.assertEqual(next(iter(stream)).text, "word0 word1 word2 word3.")
        stream.close()
        until(lambda: "Disconnected from client" in self.server.said())
        self.assertEqual(len(ModelWriter(self.site("honest")).write(HOW, EVIDENCE)), 2)

    def test_silence_in_mid_stream_is_not_waited_for(self) -> None:
        writer = ModelWriter(self.site("long"), Patience(first=120, between=0.5, total=240))
        with self.assertRaises(errors.TooSlow):
            self.paused(writer)
        writer = ModelWriter(self.site("long"), stopped=lambda: True)
        with self.assertRaises(Stopped):
            self.paused(writer)

    def paused(self, writer: ModelWriter) -> None:
        """Read on while the server stands still."""
        try:
            for _ in writer.stream(HOW, EVIDENCE):
                self.server.process.send_signal(signal.SIGSTOP)
        finally:
            self.server.process.send_signal(signal.SIGCONT)

    def test_a_model_calls_tools(self) -> None:
        found = choosing.wishes(
            self.site("caller", calls="native"), HOW, EVIDENCE, tools=LOOK, stopped=lambda: False
        )
        self.assertEqual(found, [choosing.Wish("look", {"what": "odd scores"})])
        found = choosing.wishes(
            self.site("babble-1", calls="native"), HOW, EVIDENCE, tools=LOOK, stopped=lambda: False
        )
        self.assertEqual(found, [])

    def test_too_long_a_prompt_is_shortened_to_the_window_that_the_server_names(self) -> None:
        long = [*EVIDENCE, *(Piece(n, "passage", str(n), "", "", "x" * 900) for n in range(2, 9))]
        writer = ModelWriter(self.site("honest-small"))
        self.assertEqual(len(writer.write(HOW, long)), 2)
        self.assertEqual(writer.site.window, SMALL)
        with self.assertRaisesRegex(errors.WindowTooSmall, "window of honest-small"):
            ModelWriter(self.site("honest-small")).write("Why? " * 600, EVIDENCE)

    def test_a_window_that_was_named_is_remembered(self) -> None:
        self.runbooks()
        row = self.provider("honest-small")
        self.assertEqual(row.window, 4096)  # it does not say so before
        self.assertNotIn("does not fit", self.asked().note)
        row.refresh_from_db()
        self.assertEqual(row.window, SMALL)

    def runbooks(self) -> None:
        """More evidence than a small window holds."""
        for n in range(4):
            steps = "\n".join(
                f"{at}. Odd scores, step {at}: mend them. {'x' * 400}" for at in range(5)
            )
            body = f"# Odd scores {n}\n\n## Mend odd scores {n}\n\n{steps}\n"
            docs.write(project=self.fraud, kind="runbook", body=body, by=self.ada)

    def asked(self) -> Exchange:
        question = Question(self.carol, HOW, "fraud")
        return talks.ask(question=question, by=self.carol, project_id=self.fraud.pk)

    def test_a_server_that_is_killed_in_mid_stream_is_named(self) -> None:
        server = self.started()
        self.allow(server, self.server)
        writer, said = ModelWriter(self.site("long", server)), []
        with self.assertRaisesRegex(errors.CutShort, "llama.cpp broke off in the middle"):
            for sentence in writer.stream(HOW, EVIDENCE):
                said.append(sentence.text)
                server.kill()
        self.assertEqual(said[0], "word0 word1 word2 word3.")
        with self.assertRaisesRegex(errors.WriterAway, "llama.cpp cannot be reached"):
            writer.write(HOW, EVIDENCE)
        answer = self.answer([self.site("long", server), self.site("honest")])
        self.assertEqual(answer.model, "honest")

    def test_what_is_true_is_kept_of_a_whole_question(self) -> None:
        self.provider("honest")
        answer = self.answer(order.chosen(self.fraud.pk))
        self.assertEqual(
            (answer.model, answer.text), ("honest", "Roll back to mend odd scores. [1]")
        )

    def test_babble_gets_nothing_past_the_checker(self) -> None:
        plain = self.answer([])
        self.assertIn("Roll back to mend odd scores.", plain.text)
        for seed in SEEDS:
            with self.subTest(seed=seed):
                asking = Asking(Question(self.carol, HOW, "fraud"), [self.site(f"babble-{seed}")])
                answer = asking.answer()
                self.assertGreater(asking.dropped, 5)
                self.assertEqual((answer.model, answer.text), ("none", plain.text))
