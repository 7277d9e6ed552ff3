"""The cause, where the record shows one: before the breach, and touching what broke. Else none is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from apps.incidents.pack import records
from apps.incidents.pack.breaches import WORDS, Breach
from apps.incidents.pack.candidates import Candidate, candidates
from apps.incidents.pack.case import Case
from apps.incidents.pack.items import Item
from apps.incidents.pack.registry import Gatherer, register
from apps.incidents.pack.season import season
from apps.incidents.pack.shapes import of_pipeline, shapes
from apps.incidents.pack.sources import alike, siblings, tables
from apps.incidents.pack.trend import trend

CALM_LOOKS = 3  # after a change: then it was not what broke at once
FAR = timedelta(hours=2)  # before it began: too long for a change that nobody watched since
MOST_SHOWN = 6
SOON = timedelta(hours=1)
# The world or the pipeline gave in, not the version.
FROM_OUTSIDE = {"upstream", "mix", "load", "schema"}


def weighed(case: Case) -> list[Candidate]:
    """The candidates, each with what speaks against it; those that may be named first, the nearest first."""
    found = candidates(case)
    for each in found:
        _against(case, each)
    return sorted(found, key=lambda each: _rank(case, each))


def _rank(case: Case, each: Candidate) -> tuple[bool, bool, float, float]:
    gap = abs((case.onset.latest - each.at).total_seconds())
    return not each.is_named, not each.touches, len(each.against), gap


def _against(case: Case, each: Candidate) -> None:
    if case.known(season) is not None:
        each.ruled_out.append("The same height comes back at this hour on other days.")
    _against_by_time(case, each)
    if each.topic in {"release", "configuration"} and (places := _siblings_alike(case)):
        each.against.append(f"{', '.join(places[:3])} fired alike without it.")


def _against_by_time(case: Case, each: Candidate) -> None:
    """What began before a change, or long after it, or grew without a step, it did not set off."""
    onset = case.onset
    grew = case.known(trend)
    if grew is not None and each.topic not in FROM_OUTSIDE:
        if grew.starts_with(each.at):
            each.reasons.append("The steady growth began then.")
            return
        each.ruled_out.append(f"The growth began at {grew.starts_at:%F %H:%M} UTC, not then.")
    if onset.unusual_since < onset.latest and each.at > onset.unusual_since:
        each.against.append(
            f"It was unusual before, since {onset.unusual_since:%F %H:%M} UTC."
        )  # fmt: skip
        if each.at > onset.unusual_since + SOON:
            each.ruled_out.append("It began more than an hour before.")
    calm, gap = case.calm_since(each.at), onset.earliest - each.at
    if each.topic in FROM_OUTSIDE:
        return
    if calm >= CALM_LOOKS:
        each.ruled_out.append(f"{calm} looks after it found nothing.")
    elif gap > FAR:
        hours = gap.total_seconds() / 3600
        each.ruled_out.append(f"It lies {hours:.0f} hours before, and little was looked at since.")
    elif onset.latest - each.at <= SOON:
        each.reasons.append(f"It broke within {_minutes(onset.latest - each.at)} of it.")


def _minutes(gap: timedelta) -> str:
    minutes = max(1, round(gap.total_seconds() / 60))
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def _siblings_alike(case: Case) -> list[str]:
    return [each.deployment.slug for each in case.known(siblings) or () if alike(case, each)]


def _gather(case: Case) -> Iterator[Item]:
    found = weighed(case)
    named = [each for each in found if each.is_named]
    names = records.named(case.project_id, {each.subject for each in found[:MOST_SHOWN]})
    if not named:
        yield _unknown(case, found)
    for rank, each in enumerate(found[:MOST_SHOWN], start=1):
        yield _item(case, each, rank, names.get(each.subject))


def _item(case: Case, each: Candidate, rank: int, name: records.Named | None) -> Item:
    kind, key = each.subject
    label = name.label if name else ""
    title = each.title.replace(" it ", f" {label} ") if label else each.title
    if title.endswith(" it") and label:
        title = f"{title[:-2]}{label}"
    title = f"{title[0].upper()}{title[1:]}"
    text = f"{'Likely cause' if each.is_named else 'Not named as the cause'}: {title}. For: {' '.join(each.reasons)}"
    if against := [*each.ruled_out, *each.against, *([] if each.touches else [_untouched(case)])]:
        text += f" Against: {' '.join(against)}"
    return Item(
        "cause" if each.is_named else "candidate",
        kind,
        key,
        title[:300],
        f"{text} To decide: {each.check}",
        each.url or (name.url if name else ""),
        {
            "topic": each.topic, "at": each.at.isoformat(), "rank": rank, "named": each.is_named,
            "for": each.reasons, "against": against, "check": each.check,
        },
        steady=f"{title} {rank} {each.is_named} {sorted(each.ruled_out)}",
    )  # fmt: skip


def _untouched(case: Case) -> str:
    return f"Nothing on record ties it to {WORDS[case.breach]}."


def _unknown(case: Case, found: Sequence[Candidate]) -> Item:
    since = f"{case.onset.latest:%F %H:%M} UTC"
    if case.known(season) is not None:
        title = "No fault is named: this peak comes back"
        text = "At this hour it is as high on other days. No change is blamed for it."
    elif case.breach == Breach.UNKNOWN:
        title = "No cause is known"
        text = "No monitor says what broke, so no change can be held against it."
    else:
        title = "No cause is known"
        text = (
            f"No change on record in the day before {since} is shown to bear on {WORDS[case.breach]}."
        )  # fmt: skip
    more = "".join(f" {each}" for each in _hints(case))
    count = len(found)
    few = f" {count} {'change lies' if count == 1 else 'changes lie'} before it; each says why it is not named."
    incident = case.incident
    return Item(
        "unknown",
        "incidents.incident",
        str(incident.pk),
        title,
        f"{text}{more}{few if count else ''}",
        incident.get_absolute_url(),
        {"candidates": count, "season": case.known(season) is not None},
    )


def _hints(case: Case) -> Iterator[str]:
    """Where to look first, though no change is on record."""
    if (grew := case.known(trend)) is not None:
        yield f"It grew steadily since {grew.starts_at:%F %H:%M} UTC: look for a leak or a slow drift."
    whole = [each for each in case.known(tables) or () if each.all_moved and len(each.moved) > 1]
    for table in whole[:1]:
        yield f"All that moved comes from the table {table.upstream.name}: look there first."
    pipeline = of_pipeline(case.known(shapes) or ())
    if pipeline:
        names = ", ".join(dict.fromkeys(shape.column for shape in pipeline[:3]))
        yield f"The shape of {names} looks like a fault of the pipeline, and not like a change of the world."


register(Gatherer("causes", "What may have caused it", _gather, last=True))
