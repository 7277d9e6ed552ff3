"""What the judge is told: the figures of both releases over the same stretch of time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from apps.deployments import judge, selectors, tallies
from apps.deployments.judge import Memory, Report, Rules, Side, Stretch
from apps.deployments.models import Judgement, Release
from apps.predictions import selectors as predictions
from apps.predictions.rows import Row

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
    strategy = selectors.strategy_of(release)
    window = _window(release, now)
    if window is None:
        return None
    since, until = window
    stretch = _stretch(release, reference, since, until)
    return _judge(release, stretch, until, Rules(strategy.false_alarm, tallies.EDGES))


def look_back(release: Release, now: datetime) -> Judgement | None:
    """The same for a release that is live: beside what the one before did just before."""
    reference = selectors.good_before(release)
    window = _window(release, now)
    if reference is None or window is None:
        return None
    strategy = selectors.strategy_of(release)
    earlier = timedelta(seconds=strategy.step_seconds)
    since, until = window
    new = tallies.summary([release.pk], since, until, shadow=False)[release.pk]
    old = tallies.summary([reference.pk], since - earlier, until - earlier, shadow=False)
    stretch = Stretch(live=_counted(old[reference.pk]), new=_counted(new))
    return _judge(release, stretch, until, Rules(strategy.false_alarm, tallies.EDGES))


def _window(release: Release, now: datetime) -> tuple[datetime, datetime] | None:
    """From the end of the last stretch until what is surely counted by now; none where it is too short."""
    begun = _begun(release)
    found = last(release)
    since = datetime.fromisoformat(found.figures["until"]) if found else begun
    until = now - LAG
    length = min(LONGEST, max(SHORTEST, (until - begun) * GROWTH))
    return (since, until) if until - since >= length else None


def _begun(release: Release) -> datetime:
    """When the traffic that is judged began."""
    return release.live_at or release.step_since or release.requested_at
