"""The generated part of a card, as Markdown."""

from __future__ import annotations

from apps.models.cards import slices
from apps.models.cards.facts import Asked, Facts
from apps.models.cards.marks import figure, moment, table, text
from apps.models.models import ModelVersion

NOT_SAID = "not said"


def summary(facts: Facts) -> str:
    """What the model is, and who answers for it."""
    said = facts.profile
    rows = [
        ("Project", text(facts.model.project.name)),
        ("Purpose", text(said.purpose) or NOT_SAID),
        ("Owner", text(said.owner) or NOT_SAID),
        ("Deputy", text(said.deputy) or NOT_SAID),
        ("Risk class", text(said.risk_class) or NOT_SAID),
        ("Licence", text(said.licence) or NOT_SAID),
        *_of_version(facts.version),
    ]
    return _section("Summary", table(("Fact", "What the records say"), rows))


def records(facts: Facts) -> str:
    """Data, metrics, limits, approvals and places, each section where there is something to say."""
    return "\n\n".join(
        (
            _section("Data", _data(facts), "Its run names no data."),
            _section("Metrics", _metrics(facts), "Its run logged no metrics."),
            _section("Metrics by slice", _slices(facts), "No slices are known."),
            _section("Limits that the records show", _limits(facts), "None."),
            _section("Approvals", _approvals(facts), "Nobody has asked for a promotion yet."),
            _section("Answers of the gates", _gates(facts), "No gate has answered yet."),
            _section("Where it serves", _places(facts), "Nowhere."),
            _section("Versions", _versions(facts), "There are none."),
        )
    )


def _section(title: str, body: str, otherwise: str = "") -> str:
    return f"## {title}\n\n{body or otherwise}"


def _of_version(version: ModelVersion | None) -> list[tuple[str, str]]:
    if version is None:
        return [("Version", "none is registered")]
    return [
        ("Version", text(version.number)),
        ("Registered", f"{moment(version.created_at)} by {_person(version.registered_by)}"),
        ("Run", text(version.run.mlflow_id) if version.run else "unknown"),
        ("Source", text(version.source) or "unknown"),
    ]


def _data(facts: Facts) -> str:
    rows = [
        (text(each["name"]), text(each["digest"]), text(each["context"]) or NOT_SAID)
        for each in facts.data
    ]
    return table(("Data set", "Digest", "Read for"), rows)


def _metrics(facts: Facts) -> str:
    rows = [(text(name), figure(value)) for name, value in facts.metrics.items()]
    return table(("Metric", "Value"), rows)


def _slices(facts: Facts) -> str:
    rows = [
        (
            text(each.metric),
            text(each.part),
            figure(each.value),
            figure(each.whole) if each.whole is not None else "unknown",
            text(each.rows) if each.rows is not None else "unknown",
        )
        for each in facts.slices
    ]
    return table(("Metric", "Slice", "Value", "All data", "Rows"), rows)


def _limits(facts: Facts) -> str:
    apart = [
        f"{text(each.metric)} differs most for {text(each.part)}: {figure(each.value)}"
        f" against {figure(each.whole)} on all data."
        for each in slices.weakest(facts.slices)
    ]
    refused = [
        f"Version {each.promotion.version.number} was refused for"
        f" {text(each.promotion.environment.name)}: {text(result.sentence)}"
        for each in facts.asked
        for result in each.results
        if not result.passed
    ]
    return "\n".join(f"- {line}" for line in [*apart, *refused])


def _approvals(facts: Facts) -> str:
    rows = [_approval(each) for each in facts.asked]
    return table(("Version", "Environment", "State", "Asked by", "Decided by", "Note"), rows)


def _approval(each: Asked) -> tuple[str, ...]:
    row, decision = each.promotion, each.decision
    decided = f"{text(decision.by)}, {moment(decision.at)}" if decision else "nobody had to"
    return (
        text(row.version.number),
        text(row.environment.name),
        text(row.state),
        f"{text(row.requested_by)}, {moment(row.requested_at)}",
        decided if decision or row.state == "done" else "nobody yet",
        text(decision.note if decision else row.note),
    )


def _gates(facts: Facts) -> str:
    rows = [
        (
            text(each.promotion.version.number),
            text(each.promotion.environment.name),
            text(result.kind.replace("_", " ")),
            "passed" if result.passed else "failed",
            text(result.sentence),
        )
        for each in facts.asked
        for result in each.results
    ]
    return table(("Version", "Environment", "Gate", "Answer", "Why"), rows)


def _places(facts: Facts) -> str:
    held = [
        (f"alias {text(alias.name)}", "", text(alias.version.number), moment(alias.moved_at))
        for alias in facts.aliases
    ]
    served = [
        (text(place.name), text(place.environment), text(place.number), moment(place.since))
        for place in facts.places
    ]
    return table(("Place", "Environment", "Version", "Since"), [*served, *held])


def _versions(facts: Facts) -> str:
    rows = [
        (
            text(version.number),
            moment(version.created_at),
            _person(version.registered_by),
            text(version.run.mlflow_id) if version.run else "unknown",
        )
        for version in facts.versions
    ]
    return table(("Version", "Registered", "By", "Run"), rows)


def _person(user: object) -> str:
    return text(user) if user else "somebody outside the portal"
