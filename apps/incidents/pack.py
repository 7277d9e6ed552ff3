"""The evidence pack: what code finds about an incident. No language model takes part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from apps.deployments import selectors as deployments
from apps.deployments.models import Release
from apps.docs import selectors as docs
from apps.incidents.models import Incident
from apps.ledger.models import Entry

BEFORE = timedelta(hours=24)
MOST_CHANGES = 20
MOST_PASSAGES = 3
MOST_FEATURES = 5  # the most moved; the alert has them all
# What may have caused it; the portal's own notes about the incident may not.
CHANGES = (
    "deployments.released",
    "deployments.rolled_back",
    "models.promoted",
    "models.alias_moved",
)


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of evidence: a sentence or two, and the record they come from."""

    kind: str
    subject_kind: str
    subject_id: str
    title: str
    text: str
    url: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def build(incident: Incident) -> list[Item]:
    """Everything the rooms know about the incident, the shift first."""
    return [
        *_shift(incident),
        *_mismatch(incident),
        *_release(incident),
        *_last_good(incident),
        *_changes(incident),
        *_runbook(incident),
        *_owner(incident),
    ]


def _shift(incident: Incident) -> Iterator[Item]:
    alert = incident.alert
    if alert is None or alert.verdict is None:
        return
    for feature in alert.features[:MOST_FEATURES]:
        low, high = feature["interval"]
        yield Item(
            "shift",
            "monitoring.alert",
            str(alert.pk),
            f"{feature['name']} moved",
            f"The distribution of {feature['name']} moved by {feature['effect']:.2f} "
            f"(between {low:.2f} and {high:.2f}) against the baseline, "
            f"in {alert.verdict.rows} predictions from {alert.verdict.starts_at:%F %H:%M} to "
            f"{alert.verdict.ends_at:%F %H:%M} UTC.",
            alert.get_absolute_url(),
            feature,
        )


def _mismatch(incident: Incident) -> Iterator[Item]:
    """What runs instead of what is wanted, as it stood when the alert fired."""
    alert = incident.alert
    if alert is None or alert.verdict is None or not alert.tells_of_state:
        return
    for finding in alert.verdict.findings:
        yield Item(
            "mismatch",
            "monitoring.alert",
            str(alert.pk),
            f"{finding['name']} is not as wanted",
            f"Wanted is {finding['wanted']}; found was {finding['found']} "
            f"at {alert.verdict.ends_at:%F %H:%M} UTC.",
            alert.get_absolute_url(),
            finding,
        )


def _release(incident: Incident) -> Iterator[Item]:
    if incident.release is None or incident.deployment is None:
        return
    release = incident.release
    who = release.requested_by.username if release.requested_by else "the portal"
    yield Item(
        "release",
        "deployments.release",
        str(release.pk),
        f"{release.version} was live",
        f"Release {release.number} of {incident.deployment.slug} serves version "
        f"{release.version.number} of {release.version.model.name} "
        f"since {release.live_at:%F %H:%M} UTC, requested by {who}.",
        incident.deployment.get_absolute_url(),
        {"version": release.version.number, "release": release.number},
    )


def _last_good(incident: Incident) -> Iterator[Item]:
    if incident.release is None:
        return
    good = deployments.good_before(incident.release)
    if good is None:
        return
    yield Item(
        "last_good",
        "deployments.release",
        str(good.pk),
        f"{good.version} was the last good version",
        f"Version {good.version.number} of {good.version.model.name} was live before, "
        f"from {good.live_at:%F %H:%M} to {good.ended_at:%F %H:%M} UTC, as release {good.number}."
        f"{_metrics(incident.release, good)}",
        good.deployment.get_absolute_url(),
        {"version": good.version.number, "release": good.number},
    )


def _metrics(now: Release, good: Release) -> str:
    """How the two versions' runs differ in the metrics that both logged."""
    runs = (now.version.run, good.version.run)
    if runs[0] is None or runs[1] is None:
        return ""
    shared = sorted(runs[0].metrics.keys() & runs[1].metrics.keys())[:3]
    parts = [
        f"{name} {runs[0].metrics[name]:.4g} now, {runs[1].metrics[name]:.4g} then"
        for name in shared
    ]
    return f" In training: {'; '.join(parts)}." if parts else ""


def _changes(incident: Incident) -> Iterator[Item]:
    since = incident.opened_at - BEFORE
    found = Entry.objects.filter(
        project_id=incident.project_id, verb__in=CHANGES, at__gte=since, at__lt=incident.opened_at
    )
    for entry in found.order_by("-pk")[:MOST_CHANGES]:
        what = entry.verb.partition(".")[2].replace("_", " ")
        subject = entry.subject_kind.partition(".")[2]
        yield Item(
            "change",
            "ledger.entry",
            str(entry.pk),
            f"{subject} {what}",
            f"At {entry.at:%F %H:%M} UTC {subject} {entry.subject_id} was {what}.",
            "",
            entry.data,
        )


def _runbook(incident: Incident) -> Iterator[Item]:
    alert = incident.alert
    names = {feature["name"] for feature in alert.features} if alert else set()
    words = f"{incident.title} drift {' '.join(sorted(names))}"
    if alert is not None:
        names |= {alert.name, *alert.kinds}
    if incident.deployment is not None:
        names |= {incident.deployment.slug, incident.deployment.model.name}
    found = docs.runbook_passages(incident.project_id, words=words, names=names)
    for passage in sorted(found[:MOST_PASSAGES], key=lambda passage: passage.position):
        yield Item(
            "runbook",
            "docs.passage",
            str(passage.pk),
            f"{passage.document.title}: {passage.heading}"[:300],
            passage.text[:2000],
            passage.get_absolute_url(),
            {"document": passage.document_id},
        )


def _owner(incident: Incident) -> Iterator[Item]:
    project = incident.project
    deputy = f", deputy {project.deputy.username}" if project.deputy else ""
    yield Item(
        "owner",
        "projects.project",
        str(project.pk),
        f"Owner of {project.name}",
        f"{project.name} is owned by {project.owner.username}{deputy}.",
        project.get_absolute_url(),
    )
