"""Records of models as sentences: what an answer says of a version, a run, a promotion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.core.tools import Found, told
from apps.models.choices import Verdict
from apps.models.models import AliasMove, ModelVersion, Promotion, RegisteredModel, Run

MOST_VALUES = 40


def number(value: Any) -> str:
    """A figure as a sentence says it."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def values(of: str, word: str, held: Mapping[str, Any]) -> dict[str, str]:
    """One sentence for each metric, param or tag."""
    shown = sorted(held.items())[:MOST_VALUES]
    return {
        f"{word}:{key}": f"The {word} {key} of {of} is {number(value)}." for key, value in shown
    }


def version(row: ModelVersion) -> Found:
    """What is known of one version."""
    name = f"version {row.number} of {row.model.name}"
    title = f"{name[0].upper()}{name[1:]}"
    run = row.run
    who = row.registered_by.username if row.registered_by else ""
    aliases = sorted(alias.name for alias in row.aliases.all())
    facts = {
        "registered": f"{title} was registered at {row.created_at:%F %H:%M} UTC"
        f"{' by ' + who if who else ''}.",
        "alias": f"{title} holds the aliases {', '.join(aliases)}."
        if aliases
        else f"{title} holds no alias.",
        "run": f"{title} came from the run {run}." if run else f"No run is recorded for {name}.",
        "dataset": _dataset(title, run),
    }
    if run:
        facts |= values(name, "metric", run.metrics) | values(name, "param", run.params)
    return told("version", row.pk, f"{row.model.name} v{row.number}", row.get_absolute_url(), facts)


def _dataset(title: str, run: Run | None) -> str:
    inputs = run.inputs if run else []
    names = [f"{each.get('name', '')}@{each.get('digest', '')}" for each in inputs[:5]]
    return f"{title} was trained on the data {', '.join(names)}." if names else ""


def signature(row: ModelVersion) -> dict[str, str]:
    """What the version takes and gives, as its files say."""
    facts = getattr(row, "facts", None)
    columns = (facts.signature or {}).get("inputs") if facts else None
    if not isinstance(columns, list) or not columns:
        return {}
    names = [str(each.get("name", "")) for each in columns[:30] if isinstance(each, dict)]
    text = (
        f"Version {row.number} of {row.model.name} takes {len(columns)} inputs: {', '.join(names)}."
    )
    return {"signature": text}


def with_facts(found: Found, more: Mapping[str, str]) -> Found:
    """The same record with further facts."""
    return told(found.kind, found.id, found.title, found.url, {**found.facts, **more})


def run(row: Run) -> Found:
    """What is known of one run."""
    name = f"run {row}"
    who = row.logged_by.username if row.logged_by else ""
    started = f" started at {row.started_at:%F %H:%M} UTC" if row.started_at else " was logged"
    facts = {
        "status": f"The {name} is {row.get_status_display().lower()}.",
        "started": f"The {name}{started}{' by ' + who if who else ''}.",
        "dataset": _dataset(f"The {name}", row),
        **values(name, "metric", row.metrics),
        **values(name, "param", row.params),
    }
    return told("run", row.pk, f"Run {row}", row.get_absolute_url(), facts)


def promotion(row: Promotion) -> Found:
    """Who asked for a promotion, who decided, and what the gates said."""
    name = f"version {row.version.number} of {row.version.model.name} for {row.environment.name}"
    results = list(row.results.all())
    failed = [each.sentence for each in results if each.outcome == "failed"]
    passed = f"{len(results) - len(failed)} of {len(results)} gates passed for {name}"
    facts = {
        "approved": _decided(row, name),
        "requested": f"The promotion of {name} was requested by {row.requested_by.username} "
        f"at {row.requested_at:%F %H:%M} UTC.",
        "gates": f"{passed}{': ' + ' '.join(failed) if failed else '.'}" if results else "",
        "promotion": f"The promotion of {name} is {row.get_state_display().lower()}.",
    }
    title = f"Promotion of {row.version} to {row.environment.name}"
    return told("promotion", row.pk, title, row.get_absolute_url(), facts)


def _decided(row: Promotion, name: str) -> str:
    decision = getattr(row, "decision", None)
    if decision is None:
        return f"Nobody has decided on {name} yet."
    verb = "approved" if decision.verdict == Verdict.APPROVED else "declined"
    text = f"{name} was {verb} by {decision.by.username} at {decision.at:%F %H:%M} UTC."
    return f"{text[0].upper()}{text[1:]}"


def model(row: RegisteredModel, count: int, latest: int | None) -> Found:
    """What is known of one registered model."""
    owner = row.owner or row.project.owner
    aliases = [f"{alias.name} is version {alias.version.number}" for alias in row.aliases.all()]
    facts = {
        "versions": f"{row.name} has {count} versions, the latest of them is version {latest}."
        if count
        else f"{row.name} has no versions.",
        "owner": f"{row.name} is owned by {owner.username}"
        f"{', deputy ' + row.deputy.username if row.deputy else ''}.",
        "alias": f"Of {row.name}, {', '.join(aliases)}."
        if aliases
        else f"{row.name} has no alias.",
        "purpose": f"The purpose of {row.name}: {row.purpose}" if row.purpose else "",
        "risk": f"The risk class of {row.name} is {row.get_risk_class_display().lower()}."
        if row.risk_class
        else "",
        "project": f"{row.name} belongs to the project {row.project.name}.",
    }
    return told("model", row.pk, row.name, row.get_absolute_url(), facts)


def move(row: AliasMove) -> Found:
    """One move of an alias."""
    who = row.by.username if row.by else "nobody of the portal"
    before = f" from version {row.before.number}" if row.before else ""
    after = f" to version {row.after.number}" if row.after else ", taken away"
    text = f"At {row.at:%F %H:%M} UTC the alias {row.name} of {row.model.name} was moved{before}{after} by {who}."
    url = f"{row.model.get_absolute_url()}history/"
    return told("move", row.pk, f"Alias {row.name} of {row.model.name}", url, {"moved": text})


def differences(one: ModelVersion, other: ModelVersion) -> Found:
    """What two versions differ in: metrics and params that both runs logged, and the data."""
    facts: dict[str, str] = {}
    for word in ("metric", "param"):
        mine, theirs = (getattr(row.run, f"{word}s", {}) for row in (one, other))
        for key in sorted(mine.keys() & theirs.keys())[:MOST_VALUES]:
            if mine[key] != theirs[key]:
                facts[f"difference:{key}"] = (
                    f"The {word} {key} is {number(mine[key])} for version {one.number} "
                    f"and {number(theirs[key])} for version {other.number}."
                )
    name = f"version {one.number} and version {other.number} of {one.model.name}"
    same = "" if facts else f"The runs of {name} differ in no metric and no param that both logged."
    url = f"/models/versions/compare/?a={one.pk}&b={other.pk}"
    title = f"{one.model.name} v{one.number} and v{other.number}"
    return told(
        "comparison", f"{one.pk}:{other.pk}", title, url, {**facts, "difference:none": same}
    )
