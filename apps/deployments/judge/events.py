"""What is counted: each topic turns a stretch of time into events of both releases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel, Field

Value = float | int | str | bool

ERRORS, LATENCY, SCORES, QUALITY = "errors", "latency", "scores", "quality"
# Nothing smaller than these is a reason to go back. Shares may be larger by so much:
FAILURES_MARGIN, REFUSALS_MARGIN = 0.005, 0.02
SCORES_MARGIN, QUALITY_MARGIN = 0.10, 0.05
# An answer may take this many times as long as the live release's at the same quantile.
# The gateways' buckets are 1.23 times as long each, so it is this number or a little more.
SLOWER = 1.2
# Quantile, and what is left of a margin for its share.
LATENCIES = ((0.5, 0.05), (0.9, 0.02), (0.99, 0.005))
SCORE_QUANTILES = tuple(step / 10 for step in range(1, 10))
LOSS_QUANTILES = (0.5, 0.9)
MOST_CATEGORIES = 10
# The bets follow about as many answers of the new release as this.
REMEMBERED = 2000.0
LEAST_TO_CUT = 50
# Answers beyond a quantile, before it counts as known.
LEAST_BEYOND = 5
NOTHING = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Side:
    """What one release did in a stretch of time."""

    requests: int = 0
    failures: int = 0
    refusals: int = 0
    # Answers per latency bucket.
    seconds: Sequence[int] = ()
    # One value for each request that was answered.
    scores: Sequence[Value] = ()
    # How wrong answers were for which ground truth has come in meanwhile.
    losses: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """What both releases did between two looks."""

    live: Side
    new: Side


class Memory(BaseModel):
    """What one look hands on to the next; a judgement keeps it as JSON."""

    # By event: log e-values by bet, and counts (live hits, live, new hits, new).
    logs: dict[str, list[float]] = Field(default_factory=dict)
    past: dict[str, list[float]] = Field(default_factory=dict)
    seen: dict[str, list[float]] = Field(default_factory=dict)
    live_seconds: list[float] = Field(default_factory=list)
    new_seconds: list[float] = Field(default_factory=list)
    # By topic: where its values are cut, from what the live release answered first.
    cuts: dict[str, list[float | str]] = Field(default_factory=dict)
    early: dict[str, list[float | str]] = Field(default_factory=dict)
    requests: int = 0
    live_requests: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that should not happen more often: what was seen of it before and now."""

    topic: str
    name: str
    words: str
    margin: float
    prior: float
    now: tuple[float, float, float, float]
    past: list[float] = field(default_factory=lambda: [0.0] * 4)


def events(memory: Memory, stretch: Stretch, edges: Sequence[float]) -> list[Event]:
    """Every event of a stretch, chosen by what was known before it."""
    live, new = stretch.live, stretch.new
    return [
        _share(memory, "failures", FAILURES_MARGIN, (live.failures, new.failures), stretch),
        _share(memory, "refusals", REFUSALS_MARGIN, (live.refusals, new.refusals), stretch),
        *_latencies(memory, stretch, edges),
        *_values(memory, SCORES, live.scores, new.scores),
        *_values(memory, QUALITY, live.losses, new.losses),
    ]


def remember(memory: Memory, stretch: Stretch, found: Sequence[Event]) -> None:
    """Add a stretch to the memory, after it has been judged by what was known before."""
    for event in found:
        seen = memory.seen.get(event.name, [0.0] * 4)
        memory.seen[event.name] = [a + b for a, b in zip(seen, event.now, strict=True)]
        past = [a + b for a, b in zip(event.past, event.now, strict=True)]
        memory.past[event.name] = _faded(past, past[3])
    _remember_seconds(memory, stretch)
    _cut(memory, SCORES, stretch.live.scores, SCORE_QUANTILES)
    _cut(memory, QUALITY, stretch.live.losses, LOSS_QUANTILES)
    memory.requests += stretch.new.requests
    memory.live_requests += stretch.live.requests


def _faded(counts: list[float], size: float) -> list[float]:
    """Scaled down, so that the bets notice what begins late."""
    factor = min(1.0, REMEMBERED / size) if size else 1.0
    return [count * factor for count in counts]


def _share(
    memory: Memory, name: str, margin: float, hits: tuple[int, int], stretch: Stretch
) -> Event:
    now = (
        float(hits[0]),
        float(stretch.live.requests),
        float(hits[1]),
        float(stretch.new.requests),
    )
    past = memory.past.get(name, [0.0] * 4)
    return Event(ERRORS, name, name, margin, margin, now, past)


def _latencies(memory: Memory, stretch: Stretch, edges: Sequence[float]) -> Iterator[Event]:
    for quantile, margin in LATENCIES:
        name, prior = f"q{quantile * 100:g}", 1 - quantile
        cut = _cut_at(memory.live_seconds, quantile)
        slower = _shifted(edges, cut)
        if cut is None or slower is None:
            # It keeps its place, so that the mean over the quantiles always is of the same ones.
            yield Event(LATENCY, name, f"{name} is not known yet", margin, prior, NOTHING)
            continue
        past = [*_beyond(memory.live_seconds, cut), *_beyond(memory.new_seconds, slower)]
        now = (*_beyond(stretch.live.seconds, cut), *_beyond(stretch.new.seconds, slower))
        words = (
            f"answers beyond {edges[slower]:.3g} s, the live release's beyond {edges[cut]:.3g} s"
        )
        yield Event(LATENCY, name, words, margin, prior, now, past)


def _cut_at(seconds: Sequence[float], quantile: float) -> int | None:
    """The first edge that at least this share of the answers did not exceed, once it is known."""
    if sum(seconds) * (1 - quantile) < LEAST_BEYOND:
        return None
    reached = np.cumsum(seconds) / sum(seconds)
    return int(np.searchsorted(reached, quantile))


def _shifted(edges: Sequence[float], cut: int | None) -> int | None:
    """The first edge that is slower by the margin; none where the buckets end before."""
    if cut is None or cut >= len(edges):
        return None
    found = int(np.searchsorted(edges, edges[cut] * SLOWER))
    return found if found < len(edges) else None


def _beyond(seconds: Sequence[float], cut: int) -> tuple[float, float]:
    return float(sum(seconds[cut + 1 :])), float(sum(seconds))


def _remember_seconds(memory: Memory, stretch: Stretch) -> None:
    live = _sum(memory.live_seconds, stretch.live.seconds)
    new = _sum(memory.new_seconds, stretch.new.seconds)
    memory.live_seconds = _faded(live, sum(new))
    memory.new_seconds = _faded(new, sum(new))


def _sum(before: Sequence[float], more: Sequence[int]) -> list[float]:
    if not before or not more:
        return list(before or map(float, more))
    return [a + b for a, b in zip(before, more, strict=True)]


def _values(
    memory: Memory, topic: str, live: Sequence[Value], new: Sequence[Value]
) -> Iterator[Event]:
    """Scores may move up or down; of losses only more is worse."""
    for cut in memory.cuts.get(topic, []):
        above = _above(live, cut), float(len(live)), _above(new, cut), float(len(new))
        below = above[1] - above[0], above[1], above[3] - above[2], above[3]
        word = f"{topic} {'that are ' if isinstance(cut, str) else 'above '}{cut}"
        margin = SCORES_MARGIN if topic == SCORES else QUALITY_MARGIN
        yield _value(memory, topic, word, margin, above)
        if topic == SCORES:
            yield _value(
                memory, topic, f"{topic} not {word.removeprefix(topic)[1:]}", margin, below
            )


def _value(
    memory: Memory, topic: str, name: str, margin: float, now: tuple[float, float, float, float]
) -> Event:
    return Event(topic, name, name, margin, 0.5, now, memory.past.get(name, [0.0] * 4))


def _above(values: Sequence[Value], cut: float | str) -> float:
    if isinstance(cut, str):
        return float(sum(str(value) == cut for value in values))
    return float(sum(not isinstance(value, str) and value > cut for value in values))


def _cut(memory: Memory, topic: str, live: Sequence[Value], quantiles: Sequence[float]) -> None:
    """Choose the cuts from the live release's first values; those are not judged."""
    if memory.cuts.get(topic) or not live:
        return
    early = [*memory.early.get(topic, []), *(_plain(value) for value in live)]
    if len(early) < LEAST_TO_CUT:
        memory.early[topic] = early
        return
    memory.early.pop(topic, None)
    numbers = [value for value in early if not isinstance(value, str)]
    words = 2 * len(numbers) < len(early)
    memory.cuts[topic] = _commonest(early) if words else _quantiles(numbers, quantiles)


def _plain(value: Value) -> float | str:
    return value if isinstance(value, str) else float(value)


def _commonest(values: Sequence[float | str]) -> list[float | str]:
    names, counts = np.unique([str(value) for value in values], return_counts=True)
    return [str(names[at]) for at in np.argsort(-counts)[:MOST_CATEGORIES]]


def _quantiles(numbers: Sequence[float], quantiles: Sequence[float]) -> list[float | str]:
    # Observed values, so that few different ones are told apart.
    cuts = np.unique(np.quantile(numbers, quantiles, method="inverted_cdf"))
    inner = cuts[cuts < max(numbers)]
    return [float(cut) for cut in (inner if len(inner) else cuts[:1])]
