"""One look at a release under way: what its state, its model servers, the judge and people say, decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.deployments import judging, selectors
from apps.deployments.configs import Strategy
from apps.deployments.errors import NothingToRollBackTo, ReleaseInProgress
from apps.deployments.models import Deployment, Judgement, Release, Replica
from apps.deployments.services.endings import abort_release, fail_release, take_back
from apps.deployments.services.releases import roll_back
from apps.deployments.services.replicas import start_replicas
from apps.deployments.services.telling import frozen
from apps.deployments.services.traffic import (
    begin_moving,
    go_live,
    hold,
    let_go,
    next_step,
    stays_warm,
)

State, Wish, Verdict = Release.State, Release.Wish, Judgement.Verdict
START_LIMIT = timedelta(minutes=30)
# While a model server starts somebody waits for it; while traffic moves a gateway counts for seconds.
SOON, AT_EASE = 0.3, 3.0
SHORT_START = timedelta(seconds=20)
UNDECIDED = "It was not decided within {seconds:g} s. The traffic is where it was."
NOT_READY = "Its model servers were not ready within {limit}. Is the runner, or the target, there?"


@dataclass(frozen=True, slots=True)
class Look:
    """What a look came to: how far, in words, and after how many seconds to look again."""

    percent: int
    note: str
    pause: float = AT_EASE
    over: bool = False
    failed: bool = False


@transaction.atomic
def look(release_id: int) -> Look:
    """Bring a release one step on. Safe to run twice: whatever it decides is a row first."""
    release = _locked(release_id)
    if release.state == State.LIVE:
        return _watch_live(release)
    if release.state in Release.IN_FLIGHT:
        _decide(release, timezone.now())
        release = _locked(release_id)
    if release.state == State.LIVE:
        return Look(90, "It is live", over=not stays_warm(release))
    over = release.state not in Release.IN_FLIGHT
    failed = release.state in {State.FAILED, State.ROLLED_BACK}
    return Look(_percent(release), release.note, _pause(release), over, failed)


def _locked(release_id: int) -> Release:
    # The deployment's lock: a person who speaks to the release comes before this look or after it.
    place = Release.objects.values_list("deployment_id", flat=True).get(pk=release_id)
    Deployment.objects.select_for_update().get(pk=place)
    joined = Release.objects.select_related(
        "deployment__environment", "version__model", "configuration", "wished_by", "undoes"
    )
    return joined.get(pk=release_id)


def _decide(release: Release, now: datetime) -> None:
    """Do the first thing that is due."""
    if _is_over(release, now):
        return
    if release.state == State.QUEUED:
        start_replicas(release)
    elif release.state == State.STARTING:
        _await(release, now)
    else:
        _move(release, now)


def _is_over(release: Release, now: datetime) -> bool:
    """End it where a person, the clock or the world says so."""
    if release.wish == Wish.ABORT:
        note = release.note or "Aborted."
        abort_release(release_id=release.pk, by=release.wished_by, note=note)
    elif trouble := _trouble(release, now):
        fail_release(release_id=release.pk, note=trouble)
    elif _has_run_out(release, now):
        _run_out(release)
    else:
        return False
    return True


def _trouble(release: Release, now: datetime) -> str:
    """Why it cannot come to a good end; empty where it can."""
    if release.deployment.retired_at is not None:
        return "The deployment was retired meanwhile."
    if release.version.deleted_at is not None and release.undoes_id is None:
        return f"Version {release.version.number} was deleted meanwhile."
    since = release.step_since or release.requested_at
    starting = release.state == State.STARTING
    ready = _ready(release)
    failed = _replicas(release).filter(state=Replica.State.FAILED).first()
    if failed is not None and (starting or not ready):
        return f"The model server did not start: {failed.note}"
    if starting and ready < _wanted(release) and now > since + START_LIMIT:
        return NOT_READY.format(limit=START_LIMIT)
    return ""


def _has_run_out(release: Release, now: datetime) -> bool:
    limit = timedelta(seconds=selectors.strategy_of(release).most_seconds)
    return release.undoes_id is None and now > release.requested_at + limit


def _run_out(release: Release) -> None:
    """A shadow has done what it was for; anything else was not decided in time."""
    strategy = selectors.strategy_of(release)
    if strategy.kind == "shadow" and release.shadow:
        note = "The time of the shadow is over, and nobody promoted it."
        abort_release(release_id=release.pk, by=None, note=note)
    else:
        note = UNDECIDED.format(seconds=strategy.most_seconds)
        fail_release(release_id=release.pk, note=f"{note} {release.note}".strip())


def _replicas(release: Release) -> QuerySet[Replica]:
    return release.replicas.filter(retired_at=None)


def _ready(release: Release) -> int:
    return _replicas(release).filter(state=Replica.State.READY).count()


def _wanted(release: Release) -> int:
    return selectors.config_of(release).replicas


def _await(release: Release, now: datetime) -> None:
    """Wait for the model servers, and for the end of a freeze."""
    wanted, ready = _wanted(release), _ready(release)
    if _replicas(release).count() < wanted:
        start_replicas(release)
    if ready < wanted:
        told = _replicas(release).exclude(note="").first()
        many = f"{ready} of {wanted} model servers are ready" if wanted > 1 else ""
        _say(release, (told.note if told else many) or "Waiting for the model server")
    elif freeze := frozen(release, now):
        _say(release, f"Ready; {_until(freeze.ends_at)} frozen: {freeze.reason}")
    else:
        _enter(release)


def _enter(release: Release) -> None:
    """The model servers are ready: let them take part as the strategy says."""
    strategy = selectors.strategy_of(release)
    if strategy.kind == "shadow":
        begin_moving(release, share=0, shadow=True)
    elif strategy.kind == "canary":
        begin_moving(release, share=strategy.steps[0])
    elif strategy.approval:
        begin_moving(release, share=0)
    else:
        go_live(release.pk)


def _move(release: Release, now: datetime) -> None:
    """The judge first: what is bad goes back, whether or not it is paused or frozen."""
    found = judging.look(release, now)
    if found is not None and found.verdict == Verdict.ROLL_BACK:
        take_back(release_id=release.pk, note=found.reason)
    elif release.wish == Wish.PROMOTE:
        go_live(release.pk, by=release.wished_by)
    elif release.state == State.PAUSED:
        _stay_or_go(release, now)
    elif release.wish == Wish.PAUSE:
        hold(release, note=release.note or "Paused.", by=release.wished_by)
    elif freeze := frozen(release, now):
        note = f"Paused: {_until(freeze.ends_at)} frozen: {freeze.reason}"
        hold(release, note=note, by=None)
    else:
        _step_on(release, judging.last(release), now)


def _stay_or_go(release: Release, now: datetime) -> None:
    """A person ends a pause of a person; the end of a freeze ends the pause that it began."""
    if release.wish == Wish.RESUME:
        let_go(release, by=release.wished_by)
    elif release.wish == Wish.NONE and frozen(release, now) is None:
        let_go(release, by=None)


def _step_on(release: Release, found: Judgement | None, now: datetime) -> None:
    """Go a step on where the judge has seen enough and the step is as long as it should be."""
    strategy = selectors.strategy_of(release)
    if strategy.kind in {"canary", "shadow"}:
        if waits := _waits(release, strategy, found, now):
            _say(release, waits)
            return
        if release.step + 1 < len(strategy.steps) and strategy.kind == "canary":
            step = release.step + 1
            next_step(release, step=step, share=strategy.steps[step])
            return
    if strategy.approval or strategy.kind == "shadow":
        _say(release, "Nothing is worse. It waits for a person: promote it, or abort it.")
    else:
        go_live(release.pk)


def _waits(release: Release, strategy: Strategy, found: Judgement | None, now: datetime) -> str:
    """What is missing before the next step; empty where nothing is."""
    seen = judging.seen_in_step(release)
    if seen < strategy.least_requests:
        return f"Waiting for requests: {seen} of {strategy.least_requests} in this step"
    since = release.step_since or release.requested_at
    if now < since + timedelta(seconds=strategy.step_seconds):
        return f"{seen} requests in this step; nothing is worse so far"
    if found is not None and found.verdict == Verdict.WAIT:
        return found.reason
    return ""


def _watch_live(release: Release) -> Look:
    """While the release before is warm, the judge compares with what it did just before."""
    now = timezone.now()
    stays = stays_warm(release)
    if not stays or release.live_at is None or now >= release.live_at + stays:
        return Look(100, "It is live", over=True)
    found = judging.look_back(release, now)
    if found is not None and found.verdict == Verdict.ROLL_BACK:
        _undo(release, found.reason)
        return Look(100, found.reason, over=True)
    return Look(95, "It is live; the release before stays warm for a while")


def _undo(release: Release, reason: str) -> None:
    try:
        roll_back(deployment=release.deployment, by=None, reason=reason[:500])
    except (NothingToRollBackTo, ReleaseInProgress):
        # Somebody is releasing already, or there is no way back: the judgement is there to be read.
        return


def _say(release: Release, note: str) -> None:
    if note != release.note:
        Release.objects.filter(pk=release.pk).update(note=note[:500])


def _until(moment: datetime) -> str:
    return f"until {moment:%F %H:%M} UTC"


def _percent(release: Release) -> int:
    if release.state in {State.QUEUED, State.STARTING}:
        return 10
    return 20 + release.share * 7 // 10


def _pause(release: Release) -> float:
    begun = release.step_since or release.requested_at
    starting = release.state in {State.QUEUED, State.STARTING}
    return SOON if starting and timezone.now() < begun + SHORT_START else AT_EASE
