"""Made-up records for the living page. They look like a day in a team that runs four models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import sin
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from apps.core.ui import charts, pictures, tables

LONG = "churn-propensity-gradient-boosted-trees-emea-enterprise-renewals-weekly-recalibrated-v2"


WRONG = {"wrong-name": "x" * 90, "wrong-environment": "moon", "wrong-strategy": "canary"}
SNIPPET = """\
import mlflow

mlflow.set_tracking_uri("https://portal.example/mlflow")
model = mlflow.pyfunc.load_model("models:/churn@champion")
"""


@dataclass(frozen=True)
class Model:
    name: str
    version: str
    state: str
    requests: float
    latency: float
    trend: list[float | None]
    changed: datetime


@dataclass(frozen=True)
class Happening:
    time: datetime
    text: str
    tone: str
    icon: str
    actor: str = ""
    detail: str = ""
    url: str = ""


class ReleaseForm(forms.Form):
    """Every kind of field once."""

    name = forms.CharField(max_length=80, help_text="Lower case, digits and dashes.")
    environment = forms.ChoiceField(choices=[("staging", "Staging"), ("production", "Production")])
    strategy = forms.ChoiceField(
        choices=[
            ("canary", "Canary, 10 % first"),
            ("blue", "Blue and green"),
            ("all", "All at once"),
        ],
        widget=forms.RadioSelect,
        initial="canary",
    )
    checks = forms.MultipleChoiceField(
        choices=[("drift", "Drift"), ("latency", "Latency"), ("quality", "Quality")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    notes = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    model_card = forms.FileField(required=False, help_text="Markdown, at most 1 MB.")
    notify = forms.BooleanField(
        required=False, label="Tell the on-call engineer", help_text="By the project's channel."
    )


class FilterForm(forms.Form):
    q = forms.CharField(
        label="Name", required=False, widget=forms.TextInput(attrs={"type": "search"})
    )
    state = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any"),
            ("live", "Live"),
            ("rolling", "Rolling out"),
            ("degraded", "Degraded"),
        ],
    )


def page(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    return {
        "now": now,
        "long_name": LONG,
        "models": _sorted(_models(now), request),
        "listing": tables.Page(rows=_models(now), sort="name", next="bmV4dA", previous=None),
        "filter_form": FilterForm(request.GET or None),
        "release_form": ReleaseForm(),
        "wrong_form": ReleaseForm(WRONG, prefix="wrong"),
        "events": _events(now),
        "latency": latency(now),
        "dense": dense(now),
        "nothing": charts.Chart("Predictions per minute", [], [charts.Series("Predictions", [])]),
        "shares": [("v6", 86, "#"), ("v7 canary", 14, "#")],
        "many_shares": [(f"v{n}", 20 - n) for n in range(1, 9)],
        "heat_columns": [f"{hour:02}" for hour in range(0, 24, 2)],
        "heat_rows": _heat(),
        "trend": wave(40),
        "gappy": [None if 12 < n < 18 else value for n, value in enumerate(wave(40))],
        "before": {"alias": "champion", "version": 6, "threshold": 0.42, "replicas": 3},
        "after": {
            "alias": "champion",
            "version": 7,
            "threshold": 0.38,
            "replicas": 3,
            "owner": "ada",
        },
        "old_text": "learning_rate: 0.1\ndepth: 6\nrounds: 400\nseed: 7\nsubsample: 0.8\n",
        "new_text": "learning_rate: 0.05\ndepth: 6\nrounds: 900\nseed: 7\nsubsample: 0.8\nmonotone: [age]\n",
        "snippet": SNIPPET,
        "log": "\n".join(
            f"{at:>3} % Copied part {at} of 100 to the lake" for at in range(1, 101, 9)
        ),
        "request_id": "8c2f0f5ad1b7447f9a52a1d1ec2b4a10",
        "hour_ago": now - timedelta(hours=1),
        "days_ago": now - timedelta(days=3),
    }


def wave(count: int, size: float = 10.0) -> list[float | None]:
    return [round(size + size / 2 * sin(n / 4) + (n * 7919 % 13) / 5, 2) for n in range(count)]


def latency(now: datetime) -> charts.Chart:
    """Two lines with a gap, a threshold, two releases and an alert."""
    start = int(now.timestamp()) // 60 * 60 - 360 * 60
    times = [start + 60 * n for n in range(360)]
    p50: list[float | None] = [38 + 4 * sin(n / 25) + n * 7919 % 7 for n in range(360)]
    p99 = [
        None if 140 < n < 160 else 92 + 10 * sin(n / 25) + n * 104_729 % 23 + (70 if n > 290 else 0)
        for n in range(360)
    ]
    return charts.Chart(
        title="Latency",
        unit="ms",
        times=times,
        series=[charts.Series("p50", p50), charts.Series("p99", p99)],
        thresholds=[charts.Threshold("Alert above", 150)],
        markers=[charts.Marker(times[80], "v6 released"), charts.Marker(times[288], "v7 released")],
        windows=[charts.Window(times[296], times[359], "Alert: p99 above 150 ms")],
        group="living",
    )


def dense(now: datetime) -> charts.Chart:
    """A hundred thousand points, until the hour that has begun."""
    return _dense(int(now.timestamp()) // 3600 * 3600)


@lru_cache(maxsize=1)
def _dense(end: int) -> charts.Chart:
    count = 100_000
    start = end - 10 * count
    values: list[float | None] = [
        round(500 + 200 * sin(n / 900) + 60 * sin(n / 41) + n * 7919 % 97, 1) for n in range(count)
    ]
    return charts.Chart(
        title="Predictions per second",
        unit="/s",
        times=[start + 10 * n for n in range(count)],
        series=[charts.Series("Predictions", values)],
        stale_since=datetime.fromtimestamp(end, UTC),
        source=reverse("ui:dense"),
    )


def _models(now: datetime) -> list[Model]:
    rows = [
        ("churn-propensity", "v7", "live", 1_240_000.0, 38.0),
        ("fraud-score", "v31", "degraded", 88_000_000.0, 12.4),
        (LONG, "v2", "rolling", 5_100.0, 140.0),
        ("demand-forecast", "v12", "stopped", 0.0, 0.0),
    ]
    return [
        Model(*row, trend=wave(30, row[4] or 1.0), changed=now - timedelta(hours=5 * n + 1))
        for n, row in enumerate(rows)
    ]


def _sorted(models: list[Model], request: HttpRequest) -> list[Model]:
    sort = request.GET.get(tables.SORT, "name")
    name = sort.removeprefix("-")
    if name not in {"name", "requests", "latency", "changed"}:
        return models
    return sorted(models, key=lambda model: getattr(model, name), reverse=sort.startswith("-"))


def _heat() -> list[tuple[str, list[pictures.Cell]]]:
    features = ("age", "tenure_months", "country", "plan", "support_tickets_last_90_days")
    return [
        (
            feature,
            [
                pictures.heat(
                    None if row == 3 and 4 < hour < 8 else (row * 5 + hour * 3) % 11 / 10 * 0.3,
                    0.3,
                    says=f"{feature} at {2 * hour:02}:00: PSI {(row * 5 + hour * 3) % 11 / 10 * 0.3:.2f}, 4,120 rows",
                )
                for hour in range(12)
            ],
        )
        for row, feature in enumerate(features)
    ]


def _events(now: datetime) -> list[Happening]:
    return [
        Happening(
            now - timedelta(minutes=4),
            "p99 latency went above 150 ms",
            "bad",
            "flame",
            "monitor latency-p99",
            "Window 14:00 to 14:05, 12,400 predictions.",
        ),
        Happening(
            now - timedelta(minutes=3), "Incident opened", "bad", "incident", "Signalbox", url="#"
        ),
        Happening(now - timedelta(minutes=2), "Acknowledged", "busy", "eye", "Ada"),
        Happening(
            now - timedelta(seconds=30),
            "Rolled back to v6",
            "warn",
            "undo",
            "Ada",
            "14 % of production traffic went back.",
        ),
        Happening(now + timedelta(minutes=20), "Recovery watch ends", "idle", "clock"),
    ]
