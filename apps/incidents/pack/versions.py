"""What serves, the last good version, and what differs between the two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import reverse

from apps.deployments import selectors as deployments
from apps.deployments.models import Release
from apps.incidents.pack.case import Case
from apps.incidents.pack.changes import first_traffic
from apps.incidents.pack.items import Item
from apps.incidents.pack.registry import Gatherer, register
from apps.models.models import ModelVersion, VersionFacts
from apps.models.version_comparing import topics

MOST_DIFFERENCES = 6
LARGER = 0.2  # of the size of the files, before it is said


def before(case: Case, release: Release) -> Release | None:
    """The release that answered until this one did."""
    earlier = [
        row
        for row in case.releases
        if row.live_at and row.number < release.number and row.pk != release.pk
    ]
    return max(earlier, key=lambda row: row.number, default=None)


def schema_changes(then: ModelVersion, now: ModelVersion) -> dict[str, str]:
    """The columns of the signature that two versions hold differently, each with what changed."""
    old, new = _columns(then), _columns(now)
    if not old or not new:
        return {}
    said = {}
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            said[name] = "is no longer asked for"
        elif name not in old:
            said[name] = f"is new ({new[name]})"
        elif old[name] != new[name]:
            said[name] = f"was {old[name]} and is {new[name]}"
    return said


def _columns(version: ModelVersion) -> dict[str, str]:
    facts = facts_of(version)
    given = facts.signature.get("inputs", []) if facts and isinstance(facts.signature, dict) else []
    return {
        str(each.get("name")): f"{each.get('type', '')}{', optional' * bool(each.get('optional'))}"
        for each in given
        if isinstance(each, dict)
    }


def facts_of(version: ModelVersion) -> VersionFacts | None:
    """What was read in the version's files, where it was."""
    found: VersionFacts | None = getattr(version, "facts", None)
    return found


def good(case: Case) -> Release | None:
    """The release of another version that was live before and was not rolled back."""
    release = case.incident.release
    return deployments.good_before(release) if release and release.live_at else None


def _gather(case: Case) -> Iterator[Item]:
    release = case.incident.release
    if release is None or case.deployment is None:
        return
    yield _live(case, release)
    if (last := case.once(good)) is None:
        return
    yield _last_good(release, last)
    yield from _differences(case, release, last)


def _live(case: Case, release: Release) -> Item:
    who = release.requested_by.username if release.requested_by else "the portal"
    since = f"since {release.live_at:%F %H:%M} UTC" if release.live_at else "and is not live yet"
    version, place = release.version, release.deployment
    return Item(
        "release",
        "deployments.release",
        str(release.pk),
        f"{version} was live",
        f"Release {release.number} of {place.slug} serves version {version.number} of "
        f"{version.model.name} {since}, requested by {who}.",
        place.get_absolute_url(),
        {"version": version.number, "release": release.number},
    )


def _last_good(release: Release, last: Release) -> Item:
    ended = f" to {last.ended_at:%F %H:%M} UTC" if last.ended_at else ""
    return Item(
        "last_good",
        "deployments.release",
        str(last.pk),
        f"{last.version} was the last good version",
        f"Version {last.version.number} of {last.version.model.name} was live before, "
        f"from {last.live_at:%F %H:%M}{ended}, as release {last.number}."
        f"{_metrics(release, last)}",
        last.deployment.get_absolute_url(),
        {"version": last.version.number, "release": last.number},
    )


def _metrics(now: Release, then: Release) -> str:
    """How the two versions' runs differ in the metrics that both logged."""
    runs = (now.version.run, then.version.run)
    if runs[0] is None or runs[1] is None:
        return ""
    shared = sorted(runs[0].metrics.keys() & runs[1].metrics.keys())[:3]
    parts = [
        f"{name} {runs[0].metrics[name]:.4g} now, {runs[1].metrics[name]:.4g} then"
        for name in shared
    ]
    return f" In training: {'; '.join(parts)}." if parts else ""


def _differences(case: Case, release: Release, last: Release) -> Iterator[Item]:
    """What differs between the version that serves and the last good one, by topic."""
    pair = {
        row.pk: row
        for row in ModelVersion.objects.filter(pk__in=(last.version_id, release.version_id))
        .select_related("model", "run", "facts")
        .prefetch_related("aliases")
    }
    then, now = pair[last.version_id], pair[release.version_id]
    url = f"{reverse('models:version', args=[now.pk])}"
    for title, lines in (*_topics(then, now), *_files(then, now)):
        shown, more = lines[:MOST_DIFFERENCES], len(lines) - MOST_DIFFERENCES
        rest = f"; and {more} more" if more > 0 else ""
        yield Item(
            "difference",
            "models.modelversion",
            str(now.pk),
            f"{title} of {now} against {then}"[:300],
            f"{title}: {'; '.join(shown)}{rest}.",
            url,
            {"topic": title, "count": len(lines), "then": then.number, "now": now.number},
        )


def _topics(then: ModelVersion, now: ModelVersion) -> Iterator[tuple[str, list[str]]]:
    """Metrics, params, data and signature, as the page that compares two versions reads them."""
    for topic in topics(then, now):
        if topic.title in {"Metrics", "Params", "Data", "Signature"} and topic.differing:
            yield topic.title, _lines(topic.before, topic.after)


def _lines(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    names = [name for name in dict.fromkeys([*then, *now]) if then.get(name) != now.get(name)]
    return [f"{name} {_said(then, name)} → {_said(now, name)}" for name in names]


def _said(told: Mapping[str, Any], name: str) -> str:
    if name not in told:
        return "nothing"
    value = told[name]
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:80]


def _files(then: ModelVersion, now: ModelVersion) -> Iterator[tuple[str, list[str]]]:
    """Libraries and size, as they were read in the versions' files."""
    old, new = facts_of(then), facts_of(now)
    if old is None or new is None:
        return
    gone = sorted(set(map(str, old.requirements)) - set(map(str, new.requirements)))
    come = sorted(set(map(str, new.requirements)) - set(map(str, old.requirements)))
    if gone or come:
        yield "Libraries", [*(f"{each} left" for each in gone), *(f"{each} came" for each in come)]
    if old.size and abs(new.size - old.size) > LARGER * old.size:
        yield "Size", [f"{old.size / 1e6:.3g} MB → {new.size / 1e6:.3g} MB"]


def _schema(case: Case) -> Iterator[Item]:
    """What the releases of the day changed in the signature."""
    began = case.once(first_traffic)
    for release in [row for row in case.releases if row.pk in began]:
        previous = before(case, release)
        changed = schema_changes(previous.version, release.version) if previous else {}
        if previous is None or not changed:
            continue
        said = "; ".join(f"{name} {how}" for name, how in [*changed.items()][:MOST_DIFFERENCES])
        yield Item(
            "change",
            "models.modelversion",
            str(release.version_id),
            f"The signature changed with {release.version}"[:300],
            f"Release {release.number} at {began[release.pk]:%F %H:%M} UTC changed the signature: {said}.",
            release.version.get_absolute_url(),
            {"topic": "schema", "release": release.number, "columns": sorted(changed)},
        )


register(Gatherer("versions", "The versions that serve", _gather))
register(Gatherer("schema", "Changes of the signature", _schema))
