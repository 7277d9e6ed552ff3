"""Where the columns that moved come from, and who else in the project reads the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Func, JSONField, Q, Value

from apps.deployments.models import Deployment, Release
from apps.incidents.pack.breaches import Breach
from apps.incidents.pack.case import BEFORE, Case
from apps.incidents.pack.items import Item
from apps.incidents.pack.registry import Gatherer, register
from apps.incidents.pack.versions import facts_of
from apps.models.models import ModelVersion
from apps.monitoring.models import Alert, Baseline, Upstream

MOST_PLACES, MOST_SHOWN = 300, 8
MOST_NAMED = 8
NEAR = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Table:
    """A table that columns come from: which of those that moved, and whether all that moved do."""

    upstream: Upstream
    moved: list[str]
    all_moved: bool
    told: list[Alert]  # alerts that speak of the table, from before it was there


def tables(case: Case) -> list[Table]:
    """The upstream tables behind the columns that moved, those with most of them first."""
    moved = case.columns
    if not moved:
        return []
    known = Upstream.objects.filter(project_id=case.project_id)[:MOST_PLACES]
    found = [(row, [name for name in moved if name in row.columns]) for row in known]
    found = [(row, names) for row, names in found if names]
    told = _told(case) if found else []
    rows = [
        Table(row, names, len(names) == len(moved), [a for a in told if _speaks_of(a, row)])
        for row, names in found
    ]
    return sorted(rows, key=lambda each: (-len(each.moved), len(each.upstream.columns)))


def _told(case: Case) -> list[Alert]:
    """What was told from outside, or by others than this group, in the day before it was there."""
    own = [each.pk for each in case.alerts]
    onset = case.onset
    found = Alert.objects.filter(
        project_id=case.project_id,
        fired_at__gte=onset.earliest - BEFORE,
        fired_at__lte=onset.latest,
        source=Alert.Source.INBOUND,
    )
    return list(found.exclude(pk__in=own).order_by("-pk")[:MOST_PLACES])


def _speaks_of(alert: Alert, table: Upstream) -> bool:
    name = table.name.lower()
    said = [alert.name, alert.summary, alert.group, *map(str, alert.labels.values())]
    return any(name in text.lower() for text in said)


def _gather(case: Case) -> Iterator[Item]:
    for table in case.once(tables)[:MOST_SHOWN]:
        row, moved = table.upstream, table.moved
        named = ", ".join(moved[:MOST_NAMED]) + (" and others" if len(moved) > MOST_NAMED else "")
        rest = "Nothing else moved." if table.all_moved else "Columns from elsewhere moved, too."
        alert = case.alert
        yield Item(
            "upstream", "monitoring.upstream", str(row.pk),
            f"{len(moved)} of {len(row.columns)} columns of {row.name} moved"[:300],
            f"{named} come{'s' if len(moved) == 1 else ''} from the table {row.name}: {len(moved)} of its "
            f"{len(row.columns)} columns moved. {rest}",
            alert.get_absolute_url() if alert else "",
            {"table": row.name, "columns": moved, "of": len(row.columns), "all": table.all_moved},
        )  # fmt: skip
        yield from (_alert(each, row) for each in table.told[:3])


def _alert(alert: Alert, table: Upstream) -> Item:
    return Item(
        "upstream", "monitoring.alert", str(alert.pk),
        f"{alert.name} was told of {table.name}"[:300],
        f"At {alert.fired_at:%F %H:%M} UTC {alert.name} was told from outside: {alert.summary}",
        alert.get_absolute_url(), {"table": table.name, "alert": alert.pk},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another deployment of the project that reads the same, and what fires there."""

    deployment: Deployment
    shares: list[str]
    firing: list[Alert]


def siblings(case: Case) -> list[Sibling]:
    """Deployments of this project alone on the same model, dataset or columns; those that fire first."""
    if case.deployment is None:
        return []
    others = _live(case)
    fires = _firing(case, list(others))
    columns = _baseline_columns(case, list(others))
    found = [
        Sibling(release.deployment, shared, fires[pk])
        for pk, release in others.items()
        if (shared := _shares(case, release, columns[pk]))
    ]
    return sorted(found, key=lambda each: (not each.firing, each.deployment.slug))


def _live(case: Case) -> dict[int, Release]:
    place = case.deployment
    assert place is not None
    found = Release.objects.live().filter(
        deployment__project_id=case.project_id, deployment__retired_at=None
    )
    joined = found.exclude(deployment_id=place.pk).select_related(
        "deployment", "version__model", "version__run", "version__facts"
    )
    return {row.deployment_id: row for row in joined.order_by("pk")[:MOST_PLACES]}


def _firing(case: Case, deployment_ids: Sequence[int]) -> dict[int, list[Alert]]:
    """What fires there, or fired about when this began."""
    onset = case.onset
    near = Q(fired_at__gte=onset.earliest - NEAR, fired_at__lte=onset.latest + NEAR)
    found = Alert.objects.filter(
        Q(state=Alert.State.FIRING) | near,
        project_id=case.project_id,
        deployment_id__in=deployment_ids,
    )
    rows: dict[int, list[Alert]] = defaultdict(list)
    for alert in found.select_related("monitor").order_by("-pk")[:MOST_PLACES]:
        rows[alert.deployment_id or 0].append(alert)
    return rows


def _baseline_columns(case: Case, deployment_ids: Sequence[int]) -> dict[int, set[str]]:
    """The columns that each deployment's newest baseline knows: names alone, for profiles are large."""
    names = Func(
        F("profiles"), Value("$[*].name"), function="jsonb_path_query_array",
        template="%(function)s(%(expressions)s::jsonpath)", output_field=JSONField(),
    )  # fmt: skip
    newest = Baseline.objects.filter(
        project_id=case.project_id, deployment_id__in=deployment_ids
    ).order_by("deployment_id", "-pk")
    rows = newest.distinct("deployment_id").annotate(names=names)
    found: dict[int, set[str]] = defaultdict(set)
    for pk, given in rows.values_list("deployment_id", "names"):
        found[pk] = {str(name) for name in given or ()}
    return found


def _shares(case: Case, other: Release, columns: set[str]) -> list[str]:
    """What the other deployment has in common with this one, where it bears on the breach."""
    place = case.deployment
    assert place is not None
    shared = []
    if other.version.model_id == place.model_id:
        shared.append(f"the model {other.version.model.name}")
    own = case.incident.release.version if case.incident.release else None
    data = sorted(_datasets(own) & _datasets(other.version))
    shared += [f"the dataset {name}" for name in data[:2]]
    asked = columns | _asked(other.version)
    if moved := [name for name in case.columns if name in asked]:
        named = ", ".join(moved[:3]) + (f" and {len(moved) - 3} more" if len(moved) > 3 else "")
        shared.append(f"the columns {named}" if len(moved) > 1 else f"the column {named}")
    return shared


def _datasets(version: ModelVersion | None) -> set[str]:
    inputs = version.run.inputs if version and version.run else []
    return {str(each.get("name")) for each in inputs if isinstance(each, dict) and each.get("name")}


def _asked(version: ModelVersion) -> set[str]:
    facts = facts_of(version)
    given = facts.signature.get("inputs", []) if facts and isinstance(facts.signature, dict) else []
    return {str(each.get("name")) for each in given if isinstance(each, dict)}


def alike(case: Case, sibling: Sibling) -> list[Alert]:
    """What fires there of the same kind as here: the same columns, or the same sort of breach."""
    moved = set(case.columns)
    return [
        alert
        for alert in sibling.firing
        if moved & {str(f.get("name")) for f in alert.features if isinstance(f, dict)}
        or (case.breach != Breach.INPUTS and _same_sort(case, alert))
    ]


def _same_sort(case: Case, alert: Alert) -> bool:
    return alert.monitor is not None and case.monitor is not None and (
        alert.monitor.kind == case.monitor.kind
    )  # fmt: skip


def _siblings(case: Case) -> Iterator[Item]:
    for each in case.once(siblings)[:MOST_SHOWN]:
        place, same = each.deployment, alike(case, each)
        if same:
            state = f"{same[0].name} fires there, too: {same[0].summary}"
        elif each.firing:
            state = f"Something else fires there: {each.firing[0].name}."
        else:
            state = "Nothing fires there."
        yield Item(
            "sibling", "deployments.deployment", str(place.pk),
            f"{place.slug} {'fires, too' if same else 'shares ' + each.shares[0]}"[:300],
            f"{place.slug} shares {' and '.join(each.shares)}. {state}",
            place.get_absolute_url(),
            {"shares": each.shares, "fires": [alert.pk for alert in same], "other": len(each.firing)},
        )  # fmt: skip


register(Gatherer("sources", "Where the columns come from", _gather))
register(Gatherer("siblings", "Who else reads the same", _siblings))
