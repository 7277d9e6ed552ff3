"""A post-mortem drafted by code: only what is on record, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from apps.core.access import Person
from apps.incidents.models import Evidence, Incident, Step
from apps.incidents.postmortems import numbers
from apps.incidents.postmortems.numbers import Numbers, said
from apps.ledger import selectors as ledger

MOST = 200  # lines of the time line
CAUSES = ("cause", "change", "shift", "mismatch")


def text(user: Person, incident: Incident) -> str:
    """The whole draft as Markdown, as the person may see it."""
    found = numbers.of(incident)
    evidence = list(incident.evidence.all())
    parts = [
        _front(incident),
        _summary(incident),
        _numbers(found),
        _impact(incident, found),
        _timeline(user, incident),
        _causes(evidence),
        _last_good(evidence),
        _done(incident),
        "## What went well\n\nNot written yet.",
        "## What changes, by whom, until when\n\n"
        "The actions stand on the page of this post-mortem, and in its exported file.",
    ]
    return "\n\n".join(parts) + "\n"


def _front(incident: Incident) -> str:
    name = f"# Post-mortem of incident {incident.number}: {plain(incident.title)}"
    return f"---\nkind: post-mortem\ntags: [post-mortem]\n---\n{name}"


def _summary(incident: Incident) -> str:
    lines = [
        f"- Severity: {incident.get_severity_display()}",
        f"- State: {incident.get_state_display()}",
        f"- Opened: {_at(incident.opened_at)}",
    ]
    if incident.deployment:
        lines.append(f"- Deployment: {incident.deployment.slug}")
    if incident.release:
        lines.append(f"- Version that was live: {plain(str(incident.release.version))}")
    if incident.resolved_at:
        ended = f"- Resolved: {_at(incident.resolved_at)}"
        lines.append(f"{ended}, {plain(incident.reason)}" if incident.reason else ended)
    return "## Summary\n\n" + "\n".join(lines)


def _numbers(found: Numbers) -> str:
    count = "not known" if found.predictions is None else str(found.predictions)
    rows = (
        ("Time to acknowledge", said(found.to_acknowledge)),
        ("Time to resolve", said(found.to_resolve)),
        ("Predictions affected", count),
    )
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"## Numbers\n\n| Figure | Value |\n|---|---|\n{table}"


def _impact(incident: Incident, found: Numbers) -> str:
    until = _at(found.ended_at) if found.ended_at else "now; it is not resolved yet"
    if found.predictions is None or incident.deployment is None:
        return f"## Impact\n\nNo deployment is named, so what it touched is not counted. It lasted until {until}."
    return (
        f"## Impact\n\n{incident.deployment.slug} made {found.predictions} predictions from "
        f"{_at(found.began_at)} until {until}."
    )


def _timeline(user: Person, incident: Incident) -> str:
    events = sorted([*_entries(user, incident), *_notes(incident)])[:MOST]
    table = "\n".join(f"| {_at(at)} | {who} | {what} |" for at, who, what in events)
    return f"## Timeline\n\n| When | Who | What |\n|---|---|---|\n{table}"


def _entries(user: Person, incident: Incident) -> Iterator[tuple[datetime, str, str]]:
    kept = ledger.timeline(user, incident._meta.label_lower, incident.pk)[:MOST]
    steps = {step.pk: step for step in incident.steps.all()}
    for line in ledger.lines(user, list(kept)):
        if line.entry.verb == "incidents.noted":
            continue
        word = line.entry.verb.partition(".")[2].replace("_", " ").capitalize()
        step = steps.get(line.entry.data.get("step", 0))
        words = f"{word}: {step.text}" if step else word
        yield line.entry.at, plain(line.actor), plain(words)


def _notes(incident: Incident) -> Iterator[tuple[datetime, str, str]]:
    for note in incident.notes.select_related("by"):
        yield note.at, plain(str(note.by)), plain(note.text)


def _causes(evidence: Iterable[Evidence]) -> str:
    found = [f"- {plain(piece.text)}" for piece in evidence if piece.kind in CAUSES]
    return "## Contributing causes\n\n" + ("\n".join(found) or "No cause is on record.")


def _last_good(evidence: Iterable[Evidence]) -> str:
    found = [plain(piece.text) for piece in evidence if piece.kind == "last_good"]
    return "## Last good version\n\n" + ("\n\n".join(found) or "None is on record.")


def _done(incident: Incident) -> str:
    steps = incident.steps.filter(state=Step.State.DONE).select_related("done_by")
    lines = [
        f"- {plain(step.text)} ({step.done_by}, {_at(step.done_at)})"
        + (f": {plain(step.result)}" if step.result else "")
        for step in steps
        if step.done_at
    ]
    return "## What was done\n\n" + ("\n".join(lines) or "No step of a runbook was done.")


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def plain(words: str) -> str:
    """Words of people and systems on one line, their marks without effect."""
    line = " ".join(words.split())[:1000]
    for mark in "\\`*_[]<>|#":
        line = line.replace(mark, f"\\{mark}")
    return line
