"""The steps of an answer, one after the other: evidence, further evidence, sentences, the end.

The one place that puts planner, models and checker together. Whoever shows an answer reads these events.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from apps.assistant import checking, planner, schemas, wording
from apps.assistant.answers import Answer, Called, Piece, Question, Sentence
from apps.assistant.evidence.meant import Meant, meant
from apps.assistant.providers import choosing
from apps.assistant.providers.choosing import Offered
from apps.assistant.providers.sites import Site
from apps.assistant.providers.writer import ModelWriter
from apps.assistant.routing import Route, route
from apps.assistant.telemetry import observed
from apps.core.errors import PortalError
from apps.core.tools import TOOLS, Found

logger = logging.getLogger(__name__)
NO_MODEL = "none"
DEED = "propose_"
MOST_FAILED = 3  # a writer of whose sentences fewer than one in three hold is not heard


@dataclass(frozen=True, slots=True)
class Gathered:
    """All evidence so far, numbered."""

    evidence: list[Piece]


@dataclass(frozen=True, slots=True)
class Said:
    """One more sentence of the answer."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Proposed:
    """A model asks for a deed; a person will decide."""

    service: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Passed:
    """A model gave no answer; the next in order is asked."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is complete. Timings in seconds: evidence, of it planning; wording, of it checking."""

    model: str
    note: str
    tokens: int
    timings: dict[str, float]


Event = Called | Gathered | Said | Proposed | Passed | Ended


def _never() -> bool:
    return False


@dataclass
class Asking:
    """One question on its way: what was found and said so far."""

    question: Question
    sites: Sequence[Site]
    earlier: str = ""
    stopped: Callable[[], bool] = _never
    # What a model may propose: nothing, unless the question itself orders something.
    deeds: Mapping[str, Offered] = field(default_factory=dict)
    way: Route | None = None
    about: Meant | None = None
    calls: list[Called] = field(default_factory=list)
    found: dict[tuple[str, str], Found] = field(default_factory=dict)
    model: str = NO_MODEL
    dropped: int = 0
    tokens: int = 0
    reasons: list[str] = field(default_factory=list)
    # By the key of a provider, where its server named a smaller one than the portal believed.
    windows: dict[int, int] = field(default_factory=dict)
    said: list[Sentence] = field(default_factory=list)
    checking: float = 0.0  # seconds
    timings: dict[str, float] = field(default_factory=dict)

    def answer(self) -> Answer:
        """All steps at once, for those who show none of them."""
        for _ in self.steps():
            pass
        return Answer(self.said, self.evidence, self.model, self.timings, self.calls)

    @property
    def evidence(self) -> list[Piece]:
        """The records found, numbered in the order in which they were."""
        return planner.numbered(list(self.found.values()))

    def steps(self) -> Iterator[Event]:
        """Gather, look further, word, check."""
        started = time.perf_counter()
        yield from self._gather()
        yield Gathered(self.evidence)
        gathered = time.perf_counter()
        looked = sum(called.seconds for called in self.calls)
        yield from self._word()
        self.timings = {
            "evidence": gathered - started,
            "planning": gathered - started - looked,
            "wording": time.perf_counter() - gathered,
            "checking": self.checking,
        }
        yield Ended(self.model, self._note(), self.tokens, self.timings)

    def _say(self, sentence: Sentence) -> Said:
        self.said.append(sentence)
        return Said(sentence)

    def _gather(self) -> Iterator[Event]:
        """Ask the planned tools, and keep what they found."""
        self.way = route(self.question)
        self.about = meant(self.question.user, self.way)
        for called, rows in planner.gather(self.question, self.way, self.about):
            self.calls.append(called)
            self._keep(rows)
            if called.missing:
                self.reasons.append(f"{called.name} did not answer in time.")
            yield called

    def _ask(self, name: str, arguments: dict[str, Any], by: str) -> Called:
        """One more tool, for a model that wishes for it."""
        started = time.perf_counter()
        with observed("execute_tool", name):
            rows = planner.ask(name, self.question, arguments, planner.SECONDS)
        self._keep(rows or [])
        took = time.perf_counter() - started
        return Called(name, took, len(rows or []), rows is None, arguments, by)

    def _keep(self, rows: Sequence[Found]) -> None:
        for row in rows:
            self.found.setdefault((row.kind, row.id), row)

    def _word(self) -> Iterator[Event]:
        """The first model that says something true; else the portal's own words.

        Without evidence there is nothing to word; an order may still be understood.
        """
        for site in self.sites if self.found or self.deeds else ():
            try:
                yield from self._by(site)
            except PortalError as error:
                logger.warning("%s did not finish an answer: %s", site.model, error)
                self.reasons.append(str(error))
                yield Passed(site.model, str(error))
            if self.model != NO_MODEL:
                return
        assert self.way is not None
        assert self.about is not None
        for sentence in wording.word(self.way, self.about, self.evidence, self.calls):
            yield self._say(sentence)

    def _by(self, site: Site) -> Iterator[Event]:
        yield from self._look_further(site)
        writer = ModelWriter(site, earlier=self.earlier, stopped=self.stopped)
        try:
            with observed("chat", site.model):
                yield from self._checked(writer)
        finally:
            self.tokens += writer.tokens
            if site.pk and writer.site.window < site.window:
                self.windows[site.pk] = writer.site.window

    def _checked(self, writer: ModelWriter) -> Iterator[Said]:
        """What the evidence carries of a model's sentences; where most of them fail, it is asked once more."""
        faults = yield from self._held(writer, self.question.text)
        if len(faults) > len(self.said):
            complaint = "; ".join(dict.fromkeys(faults))[:500]
            again = f"Write it again. The evidence did not carry: {complaint}."
            yield from self._held(writer, f"{self.question.text}\n{again}")

    def _held(self, writer: ModelWriter, text: str) -> Generator[Said, None, list[str]]:
        """The sentences that hold, each of them once; and what was wrong with the others.

        One waits as long as nearly all failed: of babble, some holds by chance, and is no answer.
        """
        pieces = {piece.n: piece for piece in self.evidence}
        faults: list[str] = []
        waiting: list[Sentence] = []
        held = 0
        for sentence in writer.stream(text, list(pieces.values())):
            found = self._true(sentence, pieces, faults)
            if found is None or found.text in {each.text for each in (*self.said, *waiting)}:
                self.dropped += 1
                continue
            waiting.append(found)
            held += 1
            if held * MOST_FAILED >= held + len(faults):
                self.model = writer.name
                yield from map(self._say, waiting)
                waiting.clear()
        self.dropped += len(waiting)
        return faults

    def _true(
        self, sentence: Sentence, pieces: Mapping[int, Piece], faults: list[str]
    ) -> Sentence | None:
        """The sentence if the evidence carries it; else what is wrong with it joins the faults."""
        started = time.perf_counter()
        held = checking.check([sentence], list(pieces.values()))
        if not held:
            faults += list(checking.faults(sentence, pieces))[:1]
        self.checking += time.perf_counter() - started
        return held[0] if held else None

    def _look_further(self, site: Site) -> Iterator[Event]:
        """What the model wants to see beside it, where it can say so; a model that fails here just words."""
        try:
            wanted = choosing.wishes(
                site,
                self.question.text,
                self.evidence,
                tools=self._offered(),
                stopped=self.stopped,
            )
        except PortalError as error:
            logger.info("%s chose no tools: %s", site.model, error)
            return
        for wish in wanted:
            if wish.wrong:
                yield Called(
                    wish.name, 0.0, 0, arguments=wish.arguments, by=site.model, wrong=wish.wrong
                )
            elif wish.name in self.deeds:
                yield Proposed(wish.name.removeprefix(DEED), wish.arguments)
            else:
                yield self._ask(wish.name, self._narrowed(wish), site.model)
        if wanted:
            yield Gathered(self.evidence)

    def _offered(self) -> dict[str, Offered]:
        reading = {
            name: Offered(
                TOOLS[name].purpose, schemas.schema_of(run), partial(schemas.checked, run)
            )
            for name, run in schemas.citable().items()
        }
        return {**reading, **self.deeds}

    def _narrowed(self, wish: choosing.Wish) -> dict[str, Any]:
        """A question within one project stays within it, whatever the model asks for."""
        takes = schemas.schema_of(schemas.citable()[wish.name]).get("properties", {})
        held = self.question.project and "project" in takes
        return {**wish.arguments, "project": self.question.project} if held else wish.arguments

    def _note(self) -> str:
        told = list(dict.fromkeys(self.reasons))
        if self.model == NO_MODEL and self.sites and self.found and not told:
            told = ["Nothing that the model said was carried by the evidence."]
        return " ".join(told)[:300]
