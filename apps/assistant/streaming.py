"""The steps of an answer, one after the other: evidence, further evidence, sentences, the end.

The one place that puts planner, models and checker together. Whoever shows an answer reads these events.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from apps.assistant import answers, checking, planner, schemas, wording
from apps.assistant.answers import Piece, Question, Sentence
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


@dataclass(frozen=True, slots=True)
class Called:
    """A read tool was asked; `by` is the plan, or the model that wished for it."""

    name: str
    arguments: dict[str, Any]
    seconds: float
    found: int
    by: str = "plan"
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Gathered:
    """All evidence so far, numbered."""

    evidence: list[Piece]


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence that the evidence carries."""

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
    """The answer is complete."""

    model: str
    note: str
    tokens: int
    timings: dict[str, float]


Event = Called | Gathered | Said | Proposed | Passed | Ended


def _plain(value: Any) -> Any:
    """An argument as it is stored beside the answer: moments as text."""
    return value.isoformat() if isinstance(value, datetime) else value


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
    calls: list[answers.Called] = field(default_factory=list)
    found: dict[tuple[str, str], Found] = field(default_factory=dict)
    model: str = NO_MODEL
    dropped: int = 0
    tokens: int = 0
    reasons: list[str] = field(default_factory=list)

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
        yield from self._word()
        timings = {"evidence": gathered - started, "wording": time.perf_counter() - gathered}
        yield Ended(self.model, self._note(), self.tokens, timings)

    def _gather(self) -> Iterator[Event]:
        """Ask the planned tools, and keep what they found."""
        self.way = route(self.question)
        self.about = meant(self.question.user, self.way)
        for called, rows in planner.gather(self.question, self.way, self.about):
            self.calls.append(called)
            self._keep(rows)
            if called.missing:
                self.reasons.append(f"{called.name} did not answer in time.")
            told = {name: _plain(value) for name, value in called.arguments.items()}
            yield Called(called.name, told, called.seconds, called.found)

    def _ask(self, name: str, arguments: dict[str, Any], by: str) -> Called:
        """One more tool, for a model that wishes for it."""
        started = time.perf_counter()
        with observed("execute_tool", name):
            rows = planner.ask(name, self.question, arguments, planner.SECONDS)
        self._keep(rows or [])
        return Called(name, arguments, time.perf_counter() - started, len(rows or []), by)

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
            yield Said(sentence)

    def _by(self, site: Site) -> Iterator[Event]:
        yield from self._look_further(site)
        writer = ModelWriter(site, earlier=self.earlier, stopped=self.stopped)
        try:
            with observed("chat", site.model):
                yield from self._checked(writer)
        finally:
            self.tokens += writer.tokens

    def _checked(self, writer: ModelWriter) -> Iterator[Event]:
        """What the evidence carries of a model's sentences, each of them once."""
        evidence, told = self.evidence, set[str]()
        for sentence in writer.stream(self.question.text, evidence):
            held = checking.check([sentence], evidence)
            if not held or held[0].text in told:
                self.dropped += 1
                continue
            told.add(held[0].text)
            self.model = writer.name
            yield Said(held[0])

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
                yield Called(wish.name, wish.arguments, 0.0, 0, site.model, wish.wrong)
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
