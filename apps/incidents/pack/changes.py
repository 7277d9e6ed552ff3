"""What changed in the time before: read from the ledger, named, the most telling first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.accounts.models import User
from apps.deployments.models import Release
from apps.incidents.pack import records
from apps.incidents.pack.case import BEFORE, Case
from apps.incidents.pack.items import Item
from apps.incidents.pack.registry import Gatherer, register
from apps.incidents.pack.verbs import VERBS, Verb
from apps.ledger.models import Entry
from apps.models.models import AliasMove, ModelVersion

MOST_READ = 2000
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the ledger. `mine`: it is about the incident's deployment, model or whole project."""

    entry: int
    at: datetime
    verb: str
    actor_id: int | None
    subject: records.Subject
    data: dict[str, Any]
    mine: bool

    @property
    def known(self) -> Verb:
        return VERBS[self.verb]

    @property
    def topic(self) -> str:
        return self.known.topic

    @property
    def release_id(self) -> int | None:
        found = self.data.get("release_id")
        return found if isinstance(found, int) else None


def changes(case: Case) -> list[Change]:
    """Every change of the project in the day before it began, and up to when it was there; newest first."""
    onset = case.onset
    found = Entry.objects.filter(
        project_id=case.project_id,
        verb__in=list(VERBS),
        at__gte=onset.earliest - BEFORE,
        at__lte=max(onset.latest, case.incident.opened_at),
    )
    rows = found.order_by("-at", "-pk").values_list(
        "pk", "at", "verb", "actor_id", "subject_kind", "subject_id", "data"
    )[:MOST_READ]
    return [
        Change(pk, at, verb, actor, (kind, key), data, _is_mine(case, kind, key, data))
        for pk, at, verb, actor, kind, key, data in rows
    ]


def _is_mine(case: Case, kind: str, key: str, data: Any) -> bool:
    place = case.deployment
    if place is None:
        return True
    if kind == "deployments.deployment":
        return key == str(place.pk)
    if kind == "models.registeredmodel":
        return key == str(place.model_id)
    given = data if isinstance(data, dict) else {}
    if "environment" in given and given["environment"] != place.environment_id:
        return False
    for name, own in (("deployment", place.pk), ("model", place.model_id)):
        if name in given:
            return bool(given[name] == own)
    if kind == "projects.environment":
        return key == str(place.environment_id)
    return kind in {"integrations.connection", "models.modelversion"}


def first_traffic(case: Case) -> dict[int, datetime]:
    """When each release of the deployment first got traffic, of those that the window saw."""
    found: dict[int, datetime] = {}
    for change in case.once(changes):
        if change.mine and change.topic == "release" and change.release_id is not None:
            found[change.release_id] = change.at  # newest first: the last one kept is the first
    return found


def _gather(case: Case) -> Iterator[Item]:
    found = case.once(changes)
    mine = sorted((each for each in found if each.mine), key=_telling)
    shown = mine[:MOST_SHOWN]
    yield from said(case, shown)
    if elsewhere := len(found) - len(shown):
        yield _more(case, elsewhere, len(found) >= MOST_READ)


def _telling(change: Change) -> tuple[int, float]:
    return -change.known.weight, -change.at.timestamp()


def said(case: Case, shown: Sequence[Change]) -> list[Item]:
    """These changes as evidence, each with the page of what it changed."""
    names = records.named(case.project_id, {each.subject for each in shown})
    people = User.objects.in_bulk({each.actor_id for each in shown} - {None})
    more = _Details(case, shown)
    return [_item(case, each, names.get(each.subject), people, more) for each in shown]


def _item(
    case: Case, change: Change, name: records.Named | None, people: dict[Any, User], more: _Details
) -> Item:
    kind, key = change.subject
    label = name.label if name else f"{kind.partition('.')[2]} {key}"
    what = change.known.says.format(label)
    who = people.get(change.actor_id)
    when = "" if change.at <= case.onset.latest else " That was after it had begun."
    return Item(
        "change",
        kind,
        key,
        f"{what[0].upper()}{what[1:]}"[:300],
        f"At {change.at:%F %H:%M} UTC {what}, by {who.username if who else 'the portal'}."
        f"{more.of(change)}{when}",
        name.url if name else "",
        {"entry": change.entry, "verb": change.verb, "topic": change.topic, **change.data},
    )


def _more(case: Case, count: int, at_least: bool) -> Item:
    project = case.incident.project
    word = "change" if count == 1 else "changes"
    return Item(
        "change",
        "projects.project",
        str(project.pk),
        f"{count}{' or more' if at_least else ''} other {word} in {project.name}",
        f"In the same time {count}{' or more' if at_least else ''} other {word} of {project.name} "
        f"{'is' if count == 1 else 'are'} on record. They are not about what broke, or tell less than those shown.",
        project.get_absolute_url(),
        {"count": count},
    )


class _Details:
    """What a release, a move or an edit changed, in words: read for all shown changes at once."""

    def __init__(self, case: Case, shown: Sequence[Change]) -> None:
        ids = {each.release_id for each in shown if each.release_id}
        found = Release.objects.filter(deployment__project_id=case.project_id, pk__in=ids)
        self.releases = found.select_related("version__model").in_bulk()
        versions = {
            pk for each in shown if each.topic == "alias" for pk in each.data.get("version") or ()
        }
        mine = ModelVersion.objects.filter(project_id=case.project_id, pk__in=versions - {None})
        self.versions = mine.select_related("model").in_bulk()

    def of(self, change: Change) -> str:
        """A sentence more, where there is one to say."""
        if (release := self.releases.get(change.release_id or 0)) is not None:
            reason = f" The reason given: {release.reason}." if release.reason else ""
            share = change.data.get("share")
            part = f" with {share} % of the traffic" if share else ""
            return f" It is release {release.number}, {release.version}{part}.{reason}"
        if change.topic == "alias":
            return self._move(change)
        if change.topic == "configuration":
            return f" Changed: {', '.join(map(str, change.data.get('changed', ())))}."
        if change.topic == "monitor":
            return f" Changed: {', '.join(monitor_fields(change)) or 'nothing'}."
        if fields := change.data.get("fields"):
            return f" Changed: {', '.join(map(str, fields))}."
        return ""

    def _move(self, change: Change) -> str:
        name = change.data.get("alias") or change.data.get("stage") or ""
        before, after = (
            str(self.versions.get(pk) or "no version")
            for pk in change.data.get("version") or (None, None)
        )
        around = (
            " It went around the portal: no promotion led there."
            if change.data.get("out_of_band")
            else ""
        )
        return f" {name} went from {before} to {after}.{around}"


def monitor_fields(change: Change) -> list[str]:
    """What of a monitor was set to something else."""
    before, after = change.data.get("before"), change.data.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    return sorted(name for name in after if before.get(name) != after[name])


def out_of_band(case: Case) -> list[AliasMove]:
    """The moves around the portal, of the deployment's model, before it was there."""
    if case.deployment is None:
        return []
    onset = case.onset
    found = AliasMove.objects.filter(
        project_id=case.project_id,
        model_id=case.deployment.model_id,
        out_of_band=True,
        at__gte=onset.earliest - BEFORE,
        at__lte=onset.latest,
    )
    return list(found.select_related("before__model", "after__model", "model").order_by("-pk")[:10])


register(Gatherer("changes", "What changed before", _gather))
