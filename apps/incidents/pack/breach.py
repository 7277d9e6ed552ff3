"""The breach itself: what moved, by how much, over which rows, since when, and whether it still does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from apps.incidents.pack.breaches import Breach
from apps.incidents.pack.case import Case
from apps.incidents.pack.items import Item
from apps.incidents.pack.registry import Gatherer, register
from apps.monitoring.models import Alert, Verdict

MOST_FEATURES = 5  # the most moved; the alert has them all
MOST_JOINED = 10
CALM = "calm again"


def _gather(case: Case) -> Iterator[Item]:
    yield from _window(case)
    if case.alert is None:
        return
    if case.breach == Breach.STATE:
        yield from _mismatches(case, case.alert)
    else:
        yield from _shifts(case, case.alert)
        yield from _slices(case, case.alert)
    yield from _joined(case)


def _window(case: Case) -> Iterator[Item]:
    alert, verdict = case.alert, case.verdict
    if alert is None:
        return
    if verdict is None:
        text = f"{alert.name} was told at {alert.fired_at:%F %H:%M} UTC: {alert.summary}"
        yield Item(
            "breach", "monitoring.alert", str(alert.pk), alert.name, text, alert.get_absolute_url()
        )
        return
    onset = case.onset
    baseline = f", against a baseline of {case.baseline.rows} rows" if case.baseline else ""
    rows = f" over {verdict.rows} rows" if verdict.rows else ""
    unusual = (
        f" It was unusual since {onset.unusual_since:%F %H:%M} UTC."
        if onset.unusual_since < onset.latest
        else ""
    )
    now = _now(alert, verdict)
    later = f" At {now[0]:%F %H:%M} UTC it was {now[1]}." if now else ""
    yield Item(
        "breach",
        "monitoring.alert",
        str(alert.pk),
        f"{alert.name}: it began by {onset.latest:%F %H:%M} UTC",
        f"{_sentence(alert.summary)} Seen{rows} from {verdict.starts_at:%F %H:%M} to "
        f"{verdict.ends_at:%F %H:%M} UTC{baseline}. It began between {onset.earliest:%F %H:%M} "
        f"and {onset.latest:%F %H:%M} UTC.{unusual}{later}",
        alert.get_absolute_url(),
        {
            "monitor": alert.monitor_id, "breach": case.breach.value, "rows": verdict.rows,
            "earliest": onset.earliest.isoformat(), "latest": onset.latest.isoformat(),
        },
        steady=f"{alert.pk} {onset.earliest} {onset.latest} {now is not None and now[1] == CALM}",
    )  # fmt: skip


def _now(alert: Alert, fired: Verdict) -> tuple[datetime, str] | None:
    """When the newest look was, and what it said, where there was one since."""
    newest = alert.monitor.verdicts.defer("findings", "profiles").first() if alert.monitor else None
    if newest is None or newest.pk == fired.pk:
        return None
    words = {"act": "still so", "watch": "still there", "ignore": CALM}
    word = words.get(newest.level, "not to be judged, for too few rows came")
    return newest.ends_at, word


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _shifts(case: Case, alert: Alert) -> Iterator[Item]:
    shown = [each for each in case.features if "=" not in str(each["name"])]
    for feature in shown[:MOST_FEATURES]:
        yield Item(
            "shift",
            "monitoring.alert",
            str(alert.pk),
            f"{feature['name']} {'moved' if _is_distance(case) else 'is beyond its limit'}"[:300],
            _moved(case, alert, feature),
            alert.get_absolute_url(),
            feature,
        )
    if (more := len(shown) - MOST_FEATURES) > 0:
        names = ", ".join(str(each["name"]) for each in shown[MOST_FEATURES:][:20])
        yield Item(
            "shift",
            "monitoring.alert",
            str(alert.pk),
            f"{more} more moved",
            f"{more} more moved: {names}{' and others' if more > 20 else ''}.",
            alert.get_absolute_url(),
            {"count": more},
        )


def _is_distance(case: Case) -> bool:
    """Whether an effect is a distance between distributions; else it is the figure itself."""
    return case.monitor is not None and case.monitor.kind in {"input_drift", "prediction_drift"}


def _moved(case: Case, alert: Alert, feature: dict[str, Any]) -> str:
    name, verdict = feature["name"], alert.verdict
    if verdict is None:
        return f"{name} moved, as {alert.name} tells."
    between = _between(feature.get("interval"))
    effect = _number(feature.get("effect"))
    what = "predictions" if _is_distance(case) else "rows"
    over = (
        f"in {verdict.rows} {what} from {verdict.starts_at:%F %H:%M} to "
        f"{verdict.ends_at:%F %H:%M} UTC."
    )
    if _is_distance(case):
        return f"The distribution of {name} moved by {effect}{between} against the baseline, {over}"
    limit = _limit(verdict, name)
    return f"{name} was {effect}{between}{limit}, {over}"


def _limit(verdict: Verdict, name: Any) -> str:
    """The limit that the figure passed, with what kind of figure it is."""
    for found in verdict.findings:
        if found.get("name") == name and found.get("level") == "act":
            kind = f" ({found['type']})" if found.get("type") else ""
            limit = found.get("limit")
            return f"{kind}; the limit is {_number(limit)}" if limit is not None else kind
    return ""


def _between(interval: Any) -> str:
    if not isinstance(interval, list | tuple) or len(interval) != 2 or None in interval:
        return ""
    if interval[0] == interval[1]:
        return ""  # compared as it is, there is no chance in it
    return f" (between {_number(interval[0])} and {_number(interval[1])})"


def _number(value: Any) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "an unknown amount"
    return f"{value:.2f}" if 0.01 <= abs(value) < 1000 else f"{value:.4g}"


def _slices(case: Case, alert: Alert) -> Iterator[Item]:
    """Parts of the traffic where it is worse: `channel=web` beside the whole."""
    for feature in [each for each in case.features if "=" in str(each["name"])][:MOST_FEATURES]:
        yield Item(
            "slice",
            "monitoring.alert",
            str(alert.pk),
            f"It shows where {feature['name']}"[:300],
            f"Of the rows with {_moved(case, alert, feature)}",
            alert.get_absolute_url(),
            feature,
        )


def _mismatches(case: Case, alert: Alert) -> Iterator[Item]:
    """What runs instead of what is wanted, as it stood when the alert fired."""
    if alert.verdict is None:
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


def _joined(case: Case) -> Iterator[Item]:
    """The alerts that joined: they belong to one incident."""
    for alert in [each for each in case.alerts if each.pk != getattr(case.alert, "pk", None)][
        :MOST_JOINED
    ]:
        yield Item(
            "breach",
            "monitoring.alert",
            str(alert.pk),
            f"{alert.name} joined",
            f"{alert.name} fired at {alert.fired_at:%F %H:%M} UTC and is {alert.state}: "
            f"{_sentence(alert.summary)}",
            alert.get_absolute_url(),
            {"joined": True},
        )


register(Gatherer("breach", "What broke", _gather))
