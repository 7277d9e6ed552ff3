"""What to do and whom to ask: the runbook that fits, and the owners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from apps.docs import selectors as docs
from apps.docs.models import Document, Passage
from apps.incidents.oncall import selectors as on_call
from apps.incidents.pack.case import Case
from apps.incidents.pack.items import Item
from apps.incidents.pack.registry import Gatherer, register
from apps.incidents.pack.shapes import shapes

MOST_PASSAGES = 3
MOST_TEXT = 2000


def _runbook(case: Case) -> Iterator[Item]:
    alert, place = case.alert, case.deployment
    if rows := _chosen(case):
        yield from _passages(rows, chosen=True)
        return
    names = {str(feature["name"]) for feature in case.features}
    words = f"{case.incident.title} drift {' '.join(sorted(names))} {_shapes(case)}"
    if alert is not None:
        names |= {alert.name, *alert.kinds}
    if place is not None:
        names |= {place.slug, place.model.name}
    found = docs.runbook_passages(case.project_id, words=words, names=names)
    yield from _passages(found[:MOST_PASSAGES], chosen=False)


def _chosen(case: Case) -> list[Passage]:
    """The sections of the runbook that the monitor names, where it is in force."""
    if case.monitor is None or case.monitor.runbook_id is None:
        return []
    named = Document.objects.in_force().filter(project_id=case.project_id)
    here = named.filter(pk=case.monitor.runbook_id)
    rows = Passage.objects.filter(document__in=here).select_related("document__project")
    return list(rows.order_by("position")[:MOST_PASSAGES])


def _shapes(case: Case) -> str:
    """Words for the search: missing values ask for another page than another unit."""
    return " ".join(sorted({shape.word for shape in case.known(shapes) or ()}))


def _passages(rows: Iterable[Passage], *, chosen: bool) -> Iterator[Item]:
    for passage in rows:
        yield Item(
            "runbook",
            "docs.passage",
            str(passage.pk),
            f"{passage.document.title}: {passage.heading}"[:300],
            passage.text[:MOST_TEXT],
            passage.get_absolute_url(),
            {"document": passage.document_id, "chosen": chosen},
        )


def _owner(case: Case) -> Iterator[Item]:
    project = case.incident.project
    deputy = f", deputy {project.deputy.username}" if project.deputy else ""
    yield Item(
        "owner",
        "projects.project",
        str(project.pk),
        f"Owner of {project.name}"[:300],
        f"{project.name} is owned by {project.owner.username}{deputy}.",
        project.get_absolute_url(),
    )
    model = case.deployment.model if case.deployment else None
    if model is not None and model.owner is not None:
        deputy = f", deputy {model.deputy.username}" if model.deputy else ""
        yield Item(
            "owner",
            "models.registeredmodel",
            str(model.pk),
            f"Owner of {model.name}"[:300],
            f"{model.name} is owned by {model.owner.username}{deputy}.",
            model.get_absolute_url(),
        )


def _on_call(case: Case) -> Iterator[Item]:
    """Who answers now at each schedule of the project, and who is asked where nobody does."""
    found = on_call.now(case.incident.project)
    for standing in found.standings:
        if standing.now is None:
            continue
        until = f", until {standing.until:%F %H:%M} UTC" if standing.until else ""
        yield Item(
            "on_call",
            "incidents.schedule",
            str(standing.schedule.pk),
            f"On call at {standing.schedule.name}"[:300],
            f"{standing.now.username} is on call at {standing.schedule.name}{until}.",
            standing.schedule.get_absolute_url(),
        )
    if not found.people and found.fallback:
        names = ", ".join(each.username for each in found.fallback)
        project = case.incident.project
        yield Item(
            "on_call",
            "projects.project",
            str(project.pk),
            "Nobody is on call",
            f"No schedule of {project.name} has anybody on call; pages go to {names}.",
            project.get_absolute_url(),
        )


register(Gatherer("runbook", "The runbook that fits", _runbook, seconds=6.0, alarm=False))
register(Gatherer("owner", "Whom to ask", _owner))
register(Gatherer("on_call", "Who is on call", _on_call))
