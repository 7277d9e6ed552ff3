"""What an alert means, in sentences made by code: each is a fact with the record it comes from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q

from apps.deployments import selectors as deployments
from apps.docs import selectors as docs
from apps.monitoring.models import Alert, Monitor

BEFORE = timedelta(hours=24)
MOST_FEATURES, MOST_RELEASES = 5, 5
Z = 1.96  # of a 95 % interval


@dataclass(frozen=True, slots=True)
class Sentence:
    """One fact, and where it can be looked up."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Precision:
    """How often a monitor's alerts were useful, of those that somebody marked; shares from 0 to 1."""

    fired: int
    useful: int
    noise: int

    @property
    def marked(self) -> int:
        return self.useful + self.noise

    @property
    def share(self) -> float | None:
        """The useful ones among the marked; `None` where none is marked."""
        return self.useful / self.marked if self.marked else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the share (Wilson, J. Am. Stat. Assoc. 22, 1927, 209-212)."""
        n = self.marked
        if not n:
            return None
        share = self.useful / n
        middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        if self.interval is None:
            return f"Fired {_times(self.fired)}; none of these is marked as useful or noise yet."
        low, high = (round(100 * each) for each in self.interval)
        return (
            f"Fired {_times(self.fired)}; of {self.marked} marked, {self.useful} "
            f"{'was' if self.useful == 1 else 'were'} useful ({low} to {high} % with 95 % confidence)."
        )


def precision(monitor: Monitor) -> Precision:
    """How often the monitor fired, and how often that was useful."""
    return _precision(Q(monitor=monitor))


def explain(alert: Alert) -> list[Sentence]:
    """What moved, since when, on how many rows; what changed before; how often it was right; what to do."""
    return [
        *_since(alert),
        *_moved(alert),
        *_rows(alert),
        *_group(alert),
        *_changed(alert),
        *_history(alert),
        *_runbook(alert),
    ]


def _since(alert: Alert) -> Iterator[Sentence]:
    over = f" and resolved {alert.resolved_at:%F %H:%M} UTC" if alert.resolved_at else ""
    told = f", told {_times(alert.times)}" if alert.times > 1 else ""
    yield Sentence(f"Firing since {alert.fired_at:%F %H:%M} UTC{over}{told}.", alert.url)


def _moved(alert: Alert) -> Iterator[Sentence]:
    for feature in alert.features[:MOST_FEATURES]:
        yield Sentence(_feature(feature))
    if (more := len(alert.features) - MOST_FEATURES) > 0:
        yield Sentence(f"{more} more moved; the table shows each.")


def _feature(feature: dict[str, Any]) -> str:
    effect, interval = feature.get("effect"), feature.get("interval")
    text = f"{feature.get('name', 'a column')} moved"
    if isinstance(effect, int | float):
        text += f" by an effect of {effect:.2f}"
    if isinstance(interval, list | tuple) and len(interval) == 2:
        text += f" (95 % interval {float(interval[0]):.2f} to {float(interval[1]):.2f})"
    return f"{text}."


def _rows(alert: Alert) -> Iterator[Sentence]:
    seen = alert.verdict
    if seen is None or not seen.rows:
        return
    baseline = alert.monitor.baseline if alert.monitor else None
    against = f" against a baseline of {baseline.rows}" if baseline else ""
    yield Sentence(
        f"Seen in {seen.rows} rows from {seen.starts_at:%F %H:%M} to {seen.ends_at:%F %H:%M} UTC{against}."
    )


def _group(alert: Alert) -> Iterator[Sentence]:
    if alert.lead is not None:
        text = f"It joined {alert.lead.name}, which fired {alert.lead.fired_at:%F %H:%M} UTC: one incident for both."
        yield Sentence(text, alert.lead.get_absolute_url())
    elif joined := alert.members.count():
        yield Sentence(f"{joined} more {'alert' if joined == 1 else 'alerts'} joined it.")


def _changed(alert: Alert) -> Iterator[Sentence]:
    if alert.deployment is None:
        return
    until = alert.fired_at
    found = deployments.releases_between(alert.deployment, until - BEFORE, until)[:MOST_RELEASES]
    for release in found:
        if release.live_at is not None:
            minutes = round((until - release.live_at).total_seconds() / 60)
            text = f"{release.version} went live {minutes} min before it fired."
            yield Sentence(text, release.deployment.get_absolute_url())
    if not found:
        name = alert.deployment.slug
        yield Sentence(f"No release of {name} went live in the 24 h before it fired.")


def _history(alert: Alert) -> Iterator[Sentence]:
    same = Q(monitor=alert.monitor) if alert.monitor else Q(fingerprint=alert.fingerprint)
    yield Sentence(str(_precision(same & Q(project_id=alert.project_id))))


def _runbook(alert: Alert) -> Iterator[Sentence]:
    if alert.monitor is not None and alert.monitor.runbook is not None:
        book = alert.monitor.runbook
        yield Sentence(f"Its runbook: {book.title}.", book.get_absolute_url())
        return
    names = {alert.name, *(str(feature.get("name", "")) for feature in alert.features)}
    words = f"{alert.name} {' '.join(alert.kinds)}"
    for passage in docs.runbook_passages(alert.project_id, words=words, names=names)[:1]:
        yield Sentence(
            f"A runbook that fits: {passage.document.title}.", passage.get_absolute_url()
        )


def _precision(these: Q) -> Precision:
    useful, noise = Alert.Mark.USEFUL, Alert.Mark.NOISE
    found = Alert.objects.filter(these).aggregate(
        fired=Count("pk"),
        useful=Count("pk", filter=Q(mark=useful)),
        noise=Count("pk", filter=Q(mark=noise)),
    )
    return Precision(**found)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
