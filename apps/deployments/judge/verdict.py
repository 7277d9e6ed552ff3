"""One look of the judge: wait, go on, or roll back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from apps.deployments.judge.events import (
    ERRORS,
    LATENCY,
    QUALITY,
    SCORES,
    Event,
    Memory,
    Stretch,
    events,
    remember,
)
from apps.deployments.judge.shares import BETS, Counts, log_evidence, log_mean

TOPICS = (ERRORS, LATENCY, SCORES, QUALITY)
# A topic that has come this part of the way is looked at longer before the traffic moves on.
DOUBTFUL = 0.5
MOST_SHOWN = 700.0  # the exponential of more is no number


class Verdict(StrEnum):
    WAIT = "wait"
    GO_ON = "go_on"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True, slots=True)
class Rules:
    """How sure it has to be, how much has to be seen, and where latencies are cut."""

    false_alarm: float
    edges: Sequence[float]
    topics: tuple[str, ...] = TOPICS

    @property
    def needed(self) -> float:
        """The evidence that one topic has to reach: the topics share the false alarms evenly."""
        return len(TOPICS) / self.false_alarm


@dataclass(frozen=True, slots=True)
class Finding:
    """What one topic has come to: its evidence, and the event that speaks loudest."""

    topic: str
    evidence: float
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a look found."""

    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...]


def look(memory: Memory, stretch: Stretch, rules: Rules) -> Report:
    """Judge one more stretch; the memory takes it in."""
    found = events(memory, stretch, rules.edges)
    _bet(memory, found)
    remember(memory, stretch, found)
    findings = tuple(_findings(memory, found, rules))
    return _report(findings, rules)


def _bet(memory: Memory, found: Sequence[Event]) -> None:
    """Add to the evidence of each event."""
    past, now = _counts([event.past for event in found]), _counts([event.now for event in found])
    margins = np.array([event.margin for event in found])
    priors = np.array([event.prior for event in found])
    for event, gained in zip(found, log_evidence(past, now, margins, priors), strict=True):
        before = memory.logs.get(event.name, [0.0] * BETS)
        memory.logs[event.name] = [a + float(b) for a, b in zip(before, gained, strict=True)]


def _counts(rows: Sequence[Sequence[float]]) -> Counts:
    table = np.array(rows, dtype=float)
    return Counts(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def _findings(memory: Memory, found: Sequence[Event], rules: Rules) -> list[Finding]:
    return [
        _finding(topic, [event for event in found if event.topic == topic], memory)
        for topic in rules.topics
        if any(event.topic == topic for event in found)
    ]


def _finding(topic: str, found: Sequence[Event], memory: Memory) -> Finding:
    """The mean over the events and bets of a topic is evidence again."""
    logs = {event.name: np.array(memory.logs[event.name]) for event in found}
    evidence = math.exp(min(log_mean(np.concatenate(list(logs.values()))), MOST_SHOWN))
    loudest = max(found, key=lambda event: log_mean(logs[event.name]))
    live_hits, live, new_hits, new = memory.seen[loudest.name]
    words = (
        f"{loudest.words}: {_percent(new_hits, new)} of {new:,.0f} new, "
        f"{_percent(live_hits, live)} of {live:,.0f} live"
    )
    return Finding(topic, evidence, words)


def _percent(hits: float, among: float) -> str:
    return f"{hits / among:.1%}" if among else "none"


def _report(findings: Sequence[Finding], rules: Rules) -> Report:
    worst = max(findings, key=lambda finding: finding.evidence)
    told = f"{worst.topic}: {worst.words}; evidence {worst.evidence:,.3g} of {rules.needed:,.3g}"
    if worst.evidence >= rules.needed:
        return Report(Verdict.ROLL_BACK, f"It is worse. {told}", tuple(findings))
    if math.log(max(worst.evidence, 1.0)) >= DOUBTFUL * math.log(rules.needed):
        return Report(Verdict.WAIT, f"It looks worse, not surely yet. {told}", tuple(findings))
    return Report(
        Verdict.GO_ON, f"Nothing is worse by more than the margins. {told}", tuple(findings)
    )
