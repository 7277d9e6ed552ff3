"""What may have caused it: every change that lies before it, with why for, why against, and what would decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from apps.deployments.models import Release
from apps.incidents.pack.breaches import Breach
from apps.incidents.pack.case import Case
from apps.incidents.pack.changes import Change, changes, first_traffic, monitor_fields, out_of_band
from apps.incidents.pack.mix import mix
from apps.incidents.pack.serving import load
from apps.incidents.pack.sources import tables
from apps.incidents.pack.versions import before, schema_changes
from apps.incidents.pack.weights import CHECKS, TOUCHES

JUDGING = {"settings", "baseline", "window_rows"}  # of a monitor: what it judges by


@dataclass
class Candidate:
    """One possible cause. `touches`: it bears on what broke; without that it only lies before."""

    topic: str
    at: datetime
    title: str
    subject: tuple[str, str]
    url: str
    touches: bool
    reasons: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    # Why it is not named, though it touches what broke.
    ruled_out: list[str] = field(default_factory=list)

    @property
    def check(self) -> str:
        return CHECKS[self.topic]

    @property
    def is_named(self) -> bool:
        return self.touches and not self.ruled_out


def candidates(case: Case) -> list[Candidate]:
    """Everything on record that lies before the breach and may bear on it."""
    return [
        *_releases(case),
        *_moves(case),
        *_entries(case),
        *_tables(case),
        *_mix(case),
        *_load(case),
    ]


def _releases(case: Case) -> Iterator[Candidate]:
    case.once(changes)
    for release in case.releases:
        began = case.once(first_traffic).get(release.pk)
        if began is None or began > case.onset.latest:
            continue
        yield _release(case, release, began)


def _release(case: Case, release: Release, began: datetime) -> Candidate:
    previous = before(case, release)
    word = "rollback to" if release.undoes_id else "release of"
    found = Candidate(
        "release", began, f"The {word} {release.version}",
        ("deployments.release", str(release.pk)), release.deployment.get_absolute_url(),
        touches=TOUCHES[case.breach].get("release", 0) > 1,
        reasons=[f"Release {release.number} of {release.deployment.slug} got traffic at {began:%F %H:%M} UTC."],
    )  # fmt: skip
    if release.ended_at is not None and release.ended_at < case.onset.earliest:
        found.ruled_out.append("It no longer served when it began.")
    if previous is not None and previous.version_id == release.version_id:
        found.against.append("It is the same version as before.")
    changed = schema_changes(previous.version, release.version) if previous else {}
    touched = [name for name in case.columns if name in changed]
    if touched:
        found.topic, found.touches = "schema", True
        found.title = f"The changed signature of {release.version}"
        said = "; ".join(f"{name} {changed[name]}" for name in touched[:3])
        found.reasons.append(f"It changed the signature of what moved: {said}.")
    elif case.breach == Breach.INPUTS:
        found.against.append("A release does not change what callers send.")
    elif case.breach == Breach.LABELS:
        found.against.append("A release does not change whether ground truth comes.")
    return found


def _moves(case: Case) -> Iterator[Candidate]:
    release = case.incident.release
    for move in case.once(out_of_band):
        after = str(move.after) if move.after else "no version"
        found = Candidate(
            "alias", move.at, f"{move.name} was moved around the portal to {after}",
            ("models.registeredmodel", str(move.model_id)), move.model.get_absolute_url(),
            touches=TOUCHES[case.breach].get("alias", 0) > 1,
            reasons=[
                f"{move.name} went from {move.before or 'no version'} to {after} "
                f"at {move.at:%F %H:%M} UTC without a promotion."
            ],
        )  # fmt: skip
        if release is None:
            found.reasons.append(
                "No release of the portal serves here: what the alias says is served."
            )
        elif case.breach != Breach.STATE and move.after_id != release.version_id:
            found.touches = False
            found.against.append(
                f"The deployment serves {release.version}, whatever the alias says."
            )
        yield found  # fmt: skip


def _entries(case: Case) -> Iterator[Candidate]:
    """Configurations, monitors, connections and what else the ledger tells of."""
    weights = TOUCHES[case.breach]
    mine = [each for each in case.once(changes) if each.mine and each.at <= case.onset.latest]
    seen: set[tuple[str, str, str]] = set()
    for change in mine:
        key = (change.topic, *change.subject)
        if change.topic not in weights or change.topic in {"release", "alias"} or key in seen:
            continue
        if (found := _entry(case, change, weights[change.topic])) is not None:
            seen.add(key)
            yield found


def _entry(case: Case, change: Change, weight: int) -> Candidate | None:
    touches = weight > 1
    if change.topic == "monitor":
        own = change.subject == ("monitoring.monitor", str(case.monitor.pk if case.monitor else ""))
        if not own or not JUDGING & set(monitor_fields(change)):
            return None
    says = change.known.says.format("it")
    return Candidate(
        change.topic, change.at, says, change.subject, "", touches,
        reasons=[f"On record at {change.at:%F %H:%M} UTC."],
    )  # fmt: skip


def _tables(case: Case) -> Iterator[Candidate]:
    for table in case.known(tables) or ():
        for alert in table.told[:1]:
            half = 2 * len(table.moved) >= len(case.columns)
            yield Candidate(
                "upstream", alert.fired_at, f"The upstream table {table.upstream.name}",
                ("monitoring.alert", str(alert.pk)), alert.get_absolute_url(), touches=half,
                reasons=[
                    f"{alert.name} was told of it at {alert.fired_at:%F %H:%M} UTC.",
                    f"{len(table.moved)} of {len(case.columns)} columns that moved come from it.",
                ],
            )  # fmt: skip


def _mix(case: Case) -> Iterator[Candidate]:
    found, alert = case.known(mix), case.alert
    if found is None or alert is None:
        return
    only = case.columns == [found.column]
    reasons = [
        f"{found.after:.0%} of the requests have {found.column} {found.value}; it was {found.before:.0%}."
    ]
    if found.explained:
        count = f"{len(found.explained)} of {found.moved}"
        reasons.append(f"From that alone follows how far {count} columns moved.")
    yield Candidate(
        "mix", case.onset.earliest, f"Another mix of the traffic: {found.column} {found.value}",
        ("monitoring.alert", str(alert.pk)), alert.get_absolute_url(),
        touches=found.explains or only,
        reasons=reasons,
        against=["What else moved does not follow from it."] if found.moved and not found.explains else [],
    )  # fmt: skip


def _load(case: Case) -> Iterator[Candidate]:
    found, place = case.known(load), case.deployment
    if found is None or place is None or not found.risen:
        return
    yield Candidate(
        "load", case.onset.earliest, f"{found.ratio:.1f} times as many requests",
        ("deployments.deployment", str(place.pk)), place.get_absolute_url(), touches=True,
        reasons=[f"{found.during:.0f} requests a minute when it broke, {found.before:.0f} in the hour before."],
    )  # fmt: skip
