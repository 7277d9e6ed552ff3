"""What the pages of one deployment show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest

from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.deployments import (
    access,
    configurations,
    judged,
    memory,
    selectors,
    selectors_mismatches,
)
from apps.deployments.config_forms import WORDS
from apps.deployments.configs import Strategy
from apps.deployments.examples import Call, calls
from apps.deployments.forms import ReleaseForm, RollBackForm, ScaleForm
from apps.deployments.models import Deployment, Release, Replica
from apps.deployments.planning import plan

RELEASES_SHOWN = 20
REPLICAS_SHOWN = 100
JUDGEMENTS_SHOWN = 5
JUDGEMENTS_MOST = 200
MOVING = (Release.State.MOVING, Release.State.PAUSED)


@dataclass(frozen=True, slots=True)
class Standing:
    """What answers, what is on its way, and where a rollback would lead."""

    live: Release | None
    moving: Release | None
    good: Release | None

    @property
    def parts(self) -> list[tuple[str, int]]:
        """The traffic by version, in percent."""
        moving = self.moving
        if moving is None or moving.state not in MOVING or not moving.share:
            return [(f"{_name(self.live)}, live", 100)] if self.live else []
        if self.live is None:
            return [(f"{_name(moving)}, moving", 100)]
        return [
            (f"{_name(self.live)}, live", 100 - moving.share),
            (f"{_name(moving)}, {moving.get_state_display().lower()}", moving.share),
        ]


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A release and its way: which step of how many, and until when."""

    release: Release
    strategy: Strategy
    judgements: list[judged.Finding]

    @property
    def kind(self) -> str:
        return WORDS[self.strategy.kind]

    @property
    def shares(self) -> list[int]:
        """The steps in percent, the last one included."""
        return [*(self.strategy.steps if self.strategy.kind == "canary" else ()), 100]

    @property
    def step(self) -> int:
        """The step it is on, from 1; 0 before the traffic moves."""
        moves = self.release.state in MOVING
        return min(self.release.step + 1, len(self.shares)) if moves else 0

    @property
    def steps(self) -> int:
        return len(self.shares)

    @property
    def next_look(self) -> datetime | None:
        """When the present step may end at the earliest."""
        since = self.release.step_since
        return since + timedelta(seconds=self.strategy.step_seconds) if since else None

    @property
    def deadline(self) -> datetime:
        """When it is given up."""
        return self.release.requested_at + timedelta(seconds=self.strategy.most_seconds)

    @property
    def may_pause(self) -> bool:
        return self.release.state == Release.State.MOVING

    @property
    def may_resume(self) -> bool:
        return self.release.state == Release.State.PAUSED

    @property
    def may_promote(self) -> bool:
        return self.release.state in MOVING

    @property
    def waits(self) -> bool:
        """Whether a person's wish has not been answered yet."""
        wish, state = self.release.wish, self.release.state
        return bool(wish) and not (wish == Release.Wish.PAUSE and state == Release.State.PAUSED)


def standing(row: Deployment) -> Standing:
    """The live release, the one under way, and the last good one."""
    found = {release.state: release for release in selectors.standing(row)}
    moving = next((found[state] for state in Release.IN_FLIGHT if state in found), None)
    good = found.get(Release.State.SUPERSEDED)
    return Standing(found.get(Release.State.LIVE), moving, good)


def state(request: UserRequest, row: Deployment) -> dict[str, Any]:
    """What changes by itself: what is live, what moves, the model servers, the releases."""
    now = standing(row)
    replicas = list(selectors.replicas(row)[: REPLICAS_SHOWN + 1])
    stand = configurations.current(row)
    return {
        "deployment": row,
        "live": now.live,
        "good": now.good,
        "traffic": now.parts,
        "shadow": now.moving if now.moving and now.moving.shadow else None,
        "under_way": under_way(now.moving, JUDGEMENTS_SHOWN) if now.moving else None,
        "stand": stand,
        "replicas": memory.with_memory(replicas[:REPLICAS_SHOWN]),
        "more_replicas": len(replicas) > REPLICAS_SHOWN,
        "ready": _count(replicas, Replica.State.READY),
        "failed": _count(replicas, Replica.State.FAILED),
        "wanted": stand.config.replicas * _running(now),
        "mismatches": list(selectors_mismatches.open_mismatches(row)),
        "listing": _releases(request, row),
        "may_release": access.may_release(row),
    }


def page(request: UserRequest, row: Deployment) -> dict[str, Any]:
    """The state, and what the person may do about it."""
    context = state(request, row)
    stand = context["stand"]
    return {
        **context,
        "needed": row.needed.label,
        "may_retire": access.may_retire(row),
        "roll_back_form": RollBackForm(),
        **_steering(),
        "scale_form": ScaleForm(initial={"replicas": stand.config.replicas}),
        "calls": examples(row),
    }


def under_way(release: Release, most: int) -> UnderWay:
    """A release with its strategy and what the judge found."""
    found = [judged.finding(each) for each in selectors.judgements(release)[:most]]
    return UnderWay(release, selectors.strategy_of(release), found)


def attempt(row: Deployment, release: Release) -> dict[str, Any]:
    """One release on its own page."""
    return {
        "deployment": row,
        "release": release,
        "release_name": f"Release {release.number}",
        "under_way": under_way(release, JUDGEMENTS_MOST),
        "in_flight": release.state in Release.IN_FLIGHT,
        "may_release": access.may_release(row),
        **_steering(),
    }


def release_form(row: Deployment, form: ReleaseForm) -> dict[str, Any]:
    """The form of a release, with the plan of what stands in it."""
    form.is_valid()
    given = getattr(form, "cleaned_data", {})
    # A plan of something else than what stands in the form would mislead.
    wrong = [name for name in form.errors if name != NON_FIELD_ERRORS]
    version = None if wrong else given.get("version") or form.newest()
    return {
        "deployment": row,
        "form": form,
        "plan": plan(row, version, given.get("strategy")) if version else None,
    }


def usual(row: Deployment) -> Strategy:
    """How traffic moves where nothing else is said."""
    return configurations.current(row).config.strategy


def examples(row: Deployment) -> list[Call]:
    """How to call it."""
    return calls(settings.PUBLIC_URL, row.slug)


def _steering() -> dict[str, Any]:
    """One form for each dialog, whose fields differ by their ids alone."""
    return {
        "promote_form": RollBackForm(auto_id="promote-%s"),
        "abort_form": RollBackForm(auto_id="abort-%s"),
    }


def _releases(request: HttpRequest, row: Deployment) -> tables.Page[Release]:
    found = row.releases.select_related("deployment", "version", "requested_by")
    sorts = {"number": "number"}
    return tables.page(found, request, sorts=sorts, default="-number", per_page=RELEASES_SHOWN)


def _running(now: Standing) -> int:
    """How many releases have model servers of their own."""
    moving = now.moving if now.moving and now.moving.state != Release.State.QUEUED else None
    return sum(release is not None for release in (now.live, moving))


def _count(replicas: list[Replica], state: Replica.State) -> int:
    return sum(replica.state == state for replica in replicas)


def _name(release: Release | None) -> str:
    return f"v{release.version.number}" if release else ""
