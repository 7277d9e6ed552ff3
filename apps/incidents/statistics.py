"""Figures over incidents: how many, how soon taken up, how long, how often again, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, Sum
from django.db.models.functions import TruncWeek

from apps.incidents.models import IncidentQuerySet, Rate, Recurrence

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The incidents that began in one stretch; times are means in seconds, `None` where there were none."""

    starts: datetime | None
    opened: int
    acknowledge_seconds: float | None
    resolve_seconds: float | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What the incidents of one project cost, at its own rate for an hour of an open one."""

    project: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it; `again` is the share of recurrence looks that found the same again."""

    whole: Span
    weeks: list[Span]
    again: float | None
    costs: list[Cost]


def figures(found: IncidentQuerySet, since: datetime, until: datetime) -> Figures:
    """The figures of the incidents that began in a stretch. What was merged counts in the other one."""
    rows = found.filter(opened_at__gte=since, opened_at__lt=until, merged_into=None).order_by()
    measured = rows.annotate(week=TruncWeek("opened_at")).values("week")
    weeks = [_span(row["week"], row) for row in measured.annotate(**_measures()).order_by("week")]
    whole = _span(None, rows.aggregate(**_measures()))
    return Figures(whole, weeks, _again(rows), _costs(rows))


def _duration(field: str) -> Any:
    return ExpressionWrapper(F(field) - F("opened_at"), output_field=DurationField())


def _measures() -> dict[str, Any]:
    return {
        "opened": Count("pk"),
        "acknowledge": Avg(_duration("acknowledged_at")),
        "resolve": Avg(_duration("resolved_at")),
    }


def _span(starts: datetime | None, row: Mapping[str, Any]) -> Span:
    return Span(
        starts, int(str(row["opened"])), _seconds(row["acknowledge"]), _seconds(row["resolve"])
    )


def _seconds(value: object) -> float | None:
    return value.total_seconds() if isinstance(value, timedelta) else None


def _again(rows: IncidentQuerySet) -> float | None:
    looked = Recurrence.objects.filter(incident__in=rows.values("pk")).exclude(looked_at=None)
    told = looked.aggregate(all=Count("pk"), again=Count("pk", filter=Q(again__isnull=False)))
    return told["again"] / told["all"] if told["all"] else None


def _costs(rows: IncidentQuerySet) -> list[Cost]:
    spent = (
        rows.exclude(resolved_at=None)
        .values("project")
        .annotate(time=Sum(_duration("resolved_at")))
    )
    times = {row["project"]: row["time"] for row in spent}
    rates = (
        Rate.objects.filter(project__in=times).select_related("project").order_by("project__name")
    )
    return [
        Cost(
            rate.project.name,
            round(rate.per_hour * Decimal(times[rate.project_id] / HOUR), 2),
            rate.currency,
        )
        for rate in rates
    ]
