"""What the judge is told: the figures of both releases over the same stretch of time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TypeVar

from django.utils import timezone

from apps.deployments import judge, selectors, tallies
from apps.deployments.judge import SCORES, TOPICS, Memory, Rules, Side, Stretch, Value
from apps.deployments.models import Judgement, Release
from apps.predictions import selectors as predictions
from apps.predictions.rows import Row

V = TypeVar("V")
Window = tuple[datetime, datetime]
# Gateways tell every few seconds what they counted; a stretch is judged once all of it is there.
LAG = timedelta(seconds=12)
SHORTEST, LONGEST = timedelta(seconds=5), timedelta(seconds=60)
# Stretches grow with the time that a release has been watched, so that judgements stay few.
GROWTH = 0.02
MOST_ROWS = 20_000
MISSING = "missing"


def last(release: Release) -> Judgement | None:
    """What the judge found last."""
    return release.judgements.first()


def seen_in_step(release: Release) -> int:
    """The requests that the judge has seen of the release in its present step."""
    found = last(release)
    if found is None or found.step != release.step or found.at < (release.step_since or found.at):
        return 0
    return int(found.figures["requests_in_step"])


def look(release: Release, now: datetime) -> Judgement | None:
    """Judge what has happened since the last look, beside the release that is live; none: nothing new."""
    reference = selectors.live_release(release.deployment)
    if reference is None or not (release.share or release.shadow):
        return None
    for window in _windows(release, now):
        if found := _judge(release, _stretch(release, reference, window), window):
            return found
    return None


def look_back(release: Release, now: datetime) -> Judgement | None:
    """The same for a release that is live: beside what the one before did just before."""
    reference = release.deployment.releases.filter(ended_at=release.live_at).first()
    if reference is None:
        return None
    earlier = timedelta(seconds=selectors.strategy_of(release).step_seconds)
    for since, until in _windows(release, now):
        new = tallies.summary([release.pk], since, until, shadow=False)[release.pk]
        old = tallies.summary([reference.pk], since - earlier, until - earlier, shadow=False)
        stretch = Stretch(live=_side(old[reference.pk]), new=_side(new))
        if found := _judge(release, stretch, (since, until)):
            return found
    return None


def _windows(release: Release, now: datetime) -> Iterator[Window]:
    """From the end of the last stretch until what is surely counted by now; none where it is too short.

    No stretch reaches over a change of the shares: within one, both releases see the same traffic.
    """
    begun = release.live_at or release.step_since or release.requested_at
    found = last(release)
    since = datetime.fromisoformat(found.figures["until"]) if found else begun
    until = now - LAG
    if since < begun <= until:
        yield since, begun
        since = begun
    length = min(LONGEST, max(SHORTEST, (until - begun) * GROWTH))
    if until - since >= length:
        yield since, until


def _stretch(release: Release, reference: Release, window: Window) -> Stretch:
    """What both did between two moments."""
    since, until = window
    counted = {
        reference.pk: tallies.summary([reference.pk], since, until, shadow=False)[reference.pk],
        release.pk: tallies.summary([release.pk], since, until, shadow=release.shadow)[release.pk],
    }
    place = release.deployment_id
    scores = _by_release(_score(row) for row in predictions.rows(place, since=since, until=until))
    losses = _losses(release, window)
    live, new = (
        _side(counted[pk], scores.get(pk, ()), losses.get(pk, ()))
        for pk in (reference.pk, release.pk)
    )
    return Stretch(live=live, new=new)


def _side(
    counted: tallies.Summary, scores: Sequence[Value] = (), losses: Sequence[float] = ()
) -> Side:
    return Side(
        requests=counted.requests,
        failures=counted.failures,
        refusals=counted.refusals,
        seconds=counted.seconds,
        scores=scores,
        losses=losses,
    )


def _by_release(found: Iterable[tuple[int, V] | None]) -> dict[int, list[V]]:
    sorted_: dict[int, list[V]] = defaultdict(list)
    for each in found:
        if each is not None and len(sorted_[each[0]]) < MOST_ROWS:
            sorted_[each[0]].append(each[1])
    return sorted_


def _score(row: Row) -> tuple[int, Value] | None:
    """What a request was answered, by release. Rows sent together are alike, so one of them counts."""
    _, together, index = row.key.rpartition(":")
    if row.release is None or not row.outputs or (together and index != "0"):
        return None
    value = _answer(row)
    return row.release, MISSING if value is None else value


def _answer(row: Row) -> Value | None:
    value = row.outputs.get("prediction", next(iter(row.outputs.values())))
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _losses(release: Release, window: Window) -> dict[int, list[float]]:
    """How wrong the answers were of which the truth has come in since the last look, by release."""
    since, until = window
    place = release.deployment_id
    truths = predictions.truths_received(place, since=since, until=until)
    if not truths:
        return {}
    rows = predictions.of_keys(place, set(truths), since=release.requested_at, until=until)
    return _by_release(_loss(row, truths[row.key]) for row in rows)


def _loss(row: Row, truth: Value | None) -> tuple[int, float] | None:
    """The distance of numbers; of anything else whether it was wrong."""
    answer = _answer(row) if row.outputs else None
    if row.release is None or truth is None:
        return None
    if isinstance(answer, int | float) and isinstance(truth, int | float):
        return row.release, abs(float(answer) - float(truth))
    return row.release, float(str(answer) != str(truth))


def _judge(release: Release, stretch: Stretch, window: Window) -> Judgement | None:
    """Let the judge see one more stretch, and keep what it says."""
    if not stretch.new.requests and not stretch.new.losses:
        return None
    before, strategy = last(release), selectors.strategy_of(release)
    memory = Memory.model_validate(before.figures["memory"]) if before else Memory()
    topics = TOPICS if strategy.judge_scores else tuple(t for t in TOPICS if t != SCORES)
    rules = Rules(strategy.false_alarm, tallies.EDGES, topics)
    report = judge.look(memory, stretch, rules)
    since, until = window
    seen = seen_in_step(release)
    if release.step_since is None or since >= release.step_since:
        seen += stretch.new.requests
    verdict, reason = Judgement.Verdict(report.verdict.value), report.reason
    if verdict == Judgement.Verdict.GO_ON and seen < strategy.least_requests:
        verdict = Judgement.Verdict.WAIT
        reason = f"{seen} of {strategy.least_requests} requests in this step. {reason}"
    return Judgement.objects.create(
        release=release,
        step=release.step,
        verdict=verdict,
        reason=reason[:500],
        at=timezone.now(),
        figures={
            "since": since.isoformat(),
            "until": until.isoformat(),
            "requests_in_step": seen,
            "requests": {"new": memory.requests, "live": memory.live_requests},
            "needed": rules.needed,
            "topics": [asdict(finding) for finding in report.findings],
            "memory": memory.model_dump(),
        },
    )
