"""Offers monitors and alerts to the search."""

from __future__ import annotations

from django.urls import reverse

from apps.docs import search
from apps.docs.search import Query, rows
from apps.docs.search.rows import Face, Found, Records, Shown
from apps.monitoring import selectors
from apps.monitoring.models import Monitor


def monitors(query: Query) -> Records:
    """The monitors that are called so, or watch a deployment that is."""
    return rows.find(
        query,
        selectors.monitors(query.user),
        kind="monitor",
        fields=["name", "deployment__slug"],
        face=Face(["name", "kind", "deployment__slug"], _monitor),
    )


def _monitor(row: Found) -> Shown:
    name, kind, slug = row.texts
    about = f"{Monitor.Kind(kind).label} of {slug}"
    return Shown(name, about, reverse("monitoring:monitor", args=[row.pk]))


def alerts(query: Query) -> Records:
    """The alerts that are called or summed up so."""
    return rows.find(
        query,
        selectors.alerts(query.user),
        kind="alert",
        fields=["name", "summary"],
        face=Face(
            ["name", "summary"],
            lambda row: Shown(
                row.texts[0], row.texts[1], reverse("monitoring:alert", args=[row.pk])
            ),
        ),
    )


search.source("monitor", monitors)
search.source("alert", alerts)
