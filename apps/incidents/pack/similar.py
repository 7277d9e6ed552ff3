"""Incidents of the past that look like this one, and how they ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apps.deployments.models import Release
from apps.incidents.models import Incident, Pack
from apps.incidents.pack.case import Case
from apps.incidents.pack.items import Item
from apps.incidents.pack.registry import Gatherer, register

MOST_READ, MOST_SHOWN = 500, 3
ALIKE = 3.0  # less in common is no likeness


def _gather(case: Case) -> Iterator[Item]:
    found = [(score(case, row), row) for row in _past(case)]
    best = sorted([each for each in found if each[0] >= ALIKE], key=lambda e: (-e[0], -e[1].pk))
    shown = [row for _, row in best[:MOST_SHOWN]]
    causes, undone = _causes(shown), _rolled_back(shown)
    for points, row in best[:MOST_SHOWN]:
        yield Item(
            "similar",
            "incidents.incident",
            str(row.pk),
            f"#{row.number} looked like this"[:300],
            f"Incident {row.number} of {row.opened_at:%F} looked alike ({'; '.join(common(case, row))}): "
            f"{row.title}. {_ended(row)}{causes.get(row.pk, '')}{undone.get(row.pk, '')}",
            row.get_absolute_url(),
            {"number": row.number, "score": round(points, 2), "state": row.state},
        )


def _past(case: Case) -> list[Incident]:
    found = Incident.objects.filter(project_id=case.project_id).exclude(pk=case.incident.pk)
    earlier = found.filter(opened_at__lte=case.incident.opened_at)
    joined = earlier.select_related("alert__monitor", "deployment")
    return list(joined.defer("alert__annotations", "alert__labels").order_by("-pk")[:MOST_READ])


def score(case: Case, past: Incident) -> float:
    """How much two incidents have in common: the deployment, the monitor, the kind of alert, what moved."""
    same = _same(case, past)
    moved, then = _names(case.incident), _names(past)
    overlap = len(moved & then) / len(moved | then) if moved | then else 0.0
    weights = {"deployment": 1.5, "model": 1.0, "monitor": 2.0, "kind": 1.5}
    return sum(weights[name] for name in same) + 3 * overlap


def _same(case: Case, past: Incident) -> list[str]:
    alert, then = case.alert, past.alert
    found = []
    if case.deployment and past.deployment_id == case.deployment.pk:
        found.append("deployment")
    elif (
        case.deployment and past.deployment and past.deployment.model_id == case.deployment.model_id
    ):
        found.append("model")  # fmt: skip
    if alert and then and alert.fingerprint == then.fingerprint:
        found.append("monitor")
    if (
        alert and then and alert.monitor and then.monitor
        and alert.monitor.kind == then.monitor.kind
    ):  # fmt: skip
        found.append("kind")
    return found


def common(case: Case, past: Incident) -> list[str]:
    """What they have in common, in words."""
    words = {
        "deployment": "the same deployment", "model": "the same model",
        "monitor": "the same alert", "kind": "the same kind of monitor",
    }  # fmt: skip
    said = [words[each] for each in _same(case, past)]
    if shared := sorted(_names(case.incident) & _names(past)):
        said.append(f"{', '.join(shared[:3])} moved then, too")
    return said or ["little else"]


def _names(incident: Incident) -> set[str]:
    alert = incident.alert
    given = alert.features if alert else []
    return {str(each.get("name")) for each in given if isinstance(each, dict) and each.get("name")}


def _ended(row: Incident) -> str:
    if row.resolved_at is None:
        return f"It is {row.state} still."
    minutes = round((row.resolved_at - row.opened_at).total_seconds() / 60)
    reason = f": {row.reason}" if row.reason else "."
    return f"It was over after {minutes} min{reason}"


def _causes(rows: Sequence[Incident]) -> dict[int, str]:
    """What the last pack of each named as its cause."""
    packs = Pack.objects.filter(incident__in=[row.pk for row in rows])
    newest = packs.order_by("incident_id", "-number").distinct("incident_id")
    found: dict[int, str] = {}
    for pack in newest.prefetch_related("items"):
        for item in pack.items.all():
            if item.kind == "cause":
                found.setdefault(pack.incident_id, f" Its cause, as far as known: {item.title}.")
    return found


def _rolled_back(rows: Sequence[Incident]) -> dict[int, str]:
    """Which of them saw a rollback before they were over."""
    ids = {row.deployment_id for row in rows if row.deployment_id}
    undone = Release.objects.filter(deployment_id__in=ids).exclude(undoes=None)
    found: dict[int, str] = {}
    for release in undone.exclude(live_at=None).select_related("version__model").order_by("-pk")[:200]:  # fmt: skip
        for row in rows:
            if row.deployment_id == release.deployment_id and _during(row, release):
                found.setdefault(row.pk, f" A rollback to {release.version} was part of it.")
    return found


def _during(row: Incident, release: Release) -> bool:
    live, over = release.live_at, row.resolved_at
    return live is not None and row.opened_at <= live and (over is None or live <= over)


register(Gatherer("similar", "Similar incidents", _gather))
