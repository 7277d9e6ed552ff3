"""What a release would do, said before it starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from apps.deployments import selectors
from apps.deployments.configs import Config, Strategy
from apps.deployments.models import Deployment, Release
from apps.models import version_comparing
from apps.models.models import ModelVersion
from apps.projects import selectors as projects

MOST_PACKAGES = 500
_NAME = re.compile(r"[\s=<>!~\[;@]")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would differ; empty where one side does not have it."""

    topic: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch of the way: the share of the traffic, and what has to hold before the next."""

    share: int
    words: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What changes, how the traffic moves, what may stop it, and how it is undone."""

    deployment: str
    environment: str
    version: int
    live_version: int | None
    # As it will be followed: the first release of a deployment goes all at once.
    strategy: Strategy
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    judge: str
    undo: str
    warnings: tuple[str, ...]


def plan(deployment: Deployment, version: ModelVersion, strategy: Strategy | None = None) -> Plan:
    """What a release of the version would do now. It changes nothing."""
    current = selectors.live_release(deployment)
    asked = strategy or selectors.config(deployment).strategy
    followed = effective(asked, current)
    return Plan(
        deployment=deployment.slug,
        environment=deployment.environment.name,
        version=version.number,
        live_version=current.version.number if current else None,
        strategy=followed,
        changes=tuple(_changes(deployment, current, version)),
        steps=tuple(_steps(followed)),
        judge=_judge(followed, current),
        undo=_undo(followed, current),
        warnings=tuple(_warnings(deployment, version, asked, current)),
    )


def effective(strategy: Strategy, current: Release | None) -> Strategy:
    """The strategy that can be followed: beside nothing, a canary has nothing to be compared with."""
    if current is None and strategy.kind in {"canary", "blue_green"}:
        return strategy.model_copy(update={"kind": "all_at_once"})
    return strategy


def _changes(
    deployment: Deployment, current: Release | None, version: ModelVersion
) -> list[Change]:
    before = current.version if current else None
    found = [Change("Version", "version", str(before or ""), str(version))]
    if before is not None:
        for topic in version_comparing.topics(before, version):
            found += _differing(topic.title, topic.before, topic.after)
        found += _differing("Packages", _packages(before), _packages(version))
    was = _settings(selectors.config_of(current)) if current else {}
    return found + _differing("Configuration", was, _settings(selectors.config(deployment)))


def _settings(config: Config) -> dict[str, str]:
    return _flat(config.model_dump(mode="json", exclude={"strategy"}))


def _differing(topic: str, before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    names = dict.fromkeys([*before, *after])
    return [
        Change(topic, name, str(before.get(name, "")), str(after.get(name, "")))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _packages(version: ModelVersion) -> dict[str, str]:
    """The version's requirements, by the name of the package."""
    facts = getattr(version, "facts", None)
    lines = facts.requirements[:MOST_PACKAGES] if facts else []
    return {_NAME.split(str(line), maxsplit=1)[0].lower(): str(line) for line in lines}


def _flat(values: dict[str, Any], above: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in values.items():
        inner = f"{above}{name}"
        found |= _flat(value, f"{inner}.") if isinstance(value, dict) else {inner: str(value)}
    return found


def _steps(strategy: Strategy) -> list[Step]:
    if strategy.kind == "shadow":
        words = "Copies of the requests; their answers are compared and thrown away"
        return [Step(0, words), Step(100, "Where a person promotes it")]
    last = Step(100, "After a person has promoted it" if strategy.approval else "All the traffic")
    if strategy.kind != "canary":
        return [last]
    held = f"{strategy.step_seconds:g} s and {strategy.least_requests} requests without a finding"
    return [*(Step(share, held) for share in strategy.steps), last]


def _judge(strategy: Strategy, current: Release | None) -> str:
    if current is None:
        return "Nothing is live to compare with: the judge does not watch this release."
    chance = f"With at most {strategy.false_alarm:.2%} chance it stops a release that is not worse."
    if strategy.kind in {"canary", "shadow"}:
        topics = "failures, latency, scores and, where ground truth comes in, quality"
        return f"Compares {topics} of both versions over the same time. {chance}"
    if strategy.kind == "blue_green":
        length = f"{strategy.step_seconds:g} s"
        return (
            f"For {length} compares failures and latency with those of the old version in the "
            f"{length} before. If the traffic itself changes meanwhile, that looks like the release."
        )
    return "Does not watch: all the traffic moves at once, and nothing is left to compare with."


def _undo(strategy: Strategy, current: Release | None) -> str:
    if current is None:
        return "There is no earlier release to go back to; abort it before it is live."
    back = f"version {current.version.number}"
    if strategy.kind == "blue_green":
        return (
            f"Roll back: {back} stays warm for {strategy.step_seconds:g} s, and going back within "
            "that time needs no new start. Later its model servers are started again."
        )
    if strategy.kind == "all_at_once":
        return f"Roll back: the model servers of {back} are started again, then get the traffic."
    return f"Abort: the traffic is with {back} again within a second. Once it is live: roll back."


def _warnings(
    deployment: Deployment, version: ModelVersion, asked: Strategy, current: Release | None
) -> list[str]:
    found = []
    environment = deployment.environment
    if environment.protected and selectors.promotion_of(version, environment) is None:
        found.append(f"{environment.name} is protected: promote the version to it first.")
    if freeze := projects.freeze_at(environment):
        until = f"{freeze.ends_at:%F %H:%M} UTC"
        found.append(f"{environment.name} is frozen until {until}: {freeze.reason}")
    if deployment.releases.in_flight().exists():
        found.append("Another release is under way. Wait until it ends.")
    if deployment.retired_at:
        found.append("The deployment is retired. Reinstate it first.")
    if current is None and asked.kind == "shadow":
        found.append("strategy.kind: nothing is live, so there is nothing to copy.")
    if current is None and effective(asked, current) != asked:
        found.append("Nothing is live yet: all the traffic goes to it at once.")
    if current and current.version_id == version.pk:
        found.append(f"Version {version.number} is live already: it would be started anew.")
    return found
