"""Writes an answer down while it grows, so that a lost connection loses nothing."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from apps.assistant import streaming, telemetry
from apps.assistant.answers import Called
from apps.assistant.models import Exchange, Proposal
from apps.assistant.proposals import intent
from apps.assistant.proposals import services as proposals
from apps.assistant.providers import services as providers
from apps.assistant.providers.pace import Stopped
from apps.assistant.streaming import Asking, Ended, Gathered, Passed, Proposed, Said
from apps.core import live
from apps.core.access import Person
from apps.core.errors import PortalError

logger = logging.getLogger(__name__)


class Keeper:
    """One exchange while it is answered. Every write holds only while it still runs."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.sentences: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []

    def follow(self, asking: Asking) -> None:
        """Write down each step, to the end."""
        intent.propose(self.exchange, asking.question)
        try:
            for event in asking.steps():
                self._keep(event, asking.question.user)
                if asking.stopped():
                    raise Stopped
        except Stopped:
            self._end(
                Exchange.State.STOPPED,
                note="Stopped on request.",
                tokens=asking.tokens,
                model=asking.model,
            )
        for key, window in asking.windows.items():
            providers.learn_window(key, window)

    def _keep(self, event: streaming.Event, by: Person) -> None:
        match event:
            case Called():
                self.calls.append({**asdict(event), "seconds": round(event.seconds, 4)})
                self._write(calls=self.calls)
            case Gathered(evidence):
                self._write(evidence=[asdict(piece) for piece in evidence])
            case Said(sentence):
                self.sentences.append(asdict(sentence))
                self._write(sentences=self.sentences)
            case Proposed(service, arguments):
                self._propose(service, arguments, by)
            case Passed(model, reason):
                self.calls.append(
                    {"name": model, "wrong": reason[:300], "by": "model", "seconds": 0}
                )
                self._write(calls=self.calls)
            case Ended():
                self._finish(event)

    def _propose(self, service: str, arguments: dict[str, Any], by: Person) -> None:
        """What a model wants done becomes a card; where it cannot be done, the call says why."""
        assert isinstance(by, AbstractUser)
        try:
            proposals.propose(
                service=service,
                given=arguments,
                by=by,
                via=Proposal.Via.MODEL,
                exchange=self.exchange,
            )
        except PortalError as error:
            self.calls.append(
                {"name": service, "wrong": str(error)[:300], "by": "model", "seconds": 0}
            )
            self._write(calls=self.calls)

    def _finish(self, event: Ended) -> None:
        telemetry.TOKENS.inc(event.tokens)
        self._end(
            Exchange.State.DONE,
            note=event.note,
            model=event.model[:100],
            tokens=event.tokens,
            timings=event.timings,
        )

    def _end(self, state: str, **values: Any) -> None:
        self._write(state=state, ended_at=timezone.now(), **values)
        self.exchange.state = state

    def _write(self, **values: Any) -> None:
        Exchange.objects.running().filter(pk=self.exchange.pk).update(**values)
        live.changed(self.exchange.topic)
