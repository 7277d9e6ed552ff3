"""Releases that are made up whole: what the judge says of them, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apps.deployments.gateway.buckets import EDGES
from apps.deployments.judge import Memory, Rules, Side, Stretch, Verdict, look

FALSE_ALARM = 0.01


@dataclass(frozen=True)
class Effect:
    """How a version behaves. The defaults are those of a good one."""

    failing: float = 0.003
    refusing: float = 0.01
    slower: float = 1.0
    shift: float = 0.0
    wrong: float = 0.1


@dataclass(frozen=True)
class Course:
    """The traffic of one release: requests in each look, and the share of the new version."""

    looks: int = 40
    requests: int = 400
    shares: Sequence[float] = (0.05, 0.25, 0.5)

    def share(self, index: int) -> float:
        return self.shares[index * len(self.shares) // self.looks]


@dataclass(frozen=True)
class Ending:
    """What became of one release."""

    taken_back: bool
    # Requests of the new version until then.
    seen: int
    reason: str


GOOD = Effect()


def released(seed: int, effect: Effect = GOOD, course: Course | None = None) -> Ending:
    """Let the judge look at one release until it takes it back, or the release is through.

    The level of everything drifts with the time of day, for both versions alike.
    """
    course = course or Course()
    random = np.random.default_rng(seed)
    memory, rules = Memory(), Rules(FALSE_ALARM, EDGES)
    seen = 0
    for index in range(course.looks):
        level = 1 + 0.5 * np.sin(index / 6)
        new = int(random.binomial(course.requests, course.share(index)))
        seen += new
        stretch = Stretch(
            live=_side(random, course.requests - new, GOOD, level),
            new=_side(random, new, effect, level),
        )
        report = look(memory, stretch, rules)
        if report.verdict is Verdict.ROLL_BACK:
            return Ending(True, seen, report.reason)
    return Ending(False, seen, "")


def _side(random: np.random.Generator, requests: int, how: Effect, level: float) -> Side:
    seconds = 0.02 * level * how.slower * np.exp(random.normal(0, 0.6, requests))
    # A tail as heavy as those of real services: one in a hundred takes much longer.
    seconds *= np.where(random.random(requests) < 0.01, 20.0, 1.0)
    buckets = np.bincount(np.searchsorted(EDGES, seconds), minlength=len(EDGES) + 1)
    return Side(
        requests=requests,
        failures=int(random.binomial(requests, min(1.0, how.failing * level))),
        refusals=int(random.binomial(requests, how.refusing * level)),
        seconds=buckets.tolist(),
        scores=(random.beta(2, 5, requests) * level + how.shift).tolist(),
        losses=(random.random(requests // 4) < how.wrong).astype(float).tolist(),
    )
