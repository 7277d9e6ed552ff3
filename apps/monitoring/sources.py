"""Offers monitors and alerts to the search."""

from __future__ import annotations

from apps.docs import search
from apps.docs.search import Query, rows
from apps.docs.search.rows import Records, Shown
from apps.monitoring import selectors


def monitors(query: Query) -> Records:
    """The monitors that are called so, or watch a deployment that is."""
    return rows.find(
        query,
        selectors.monitors(query.user),
        kind="monitor",
        fields=["name", "deployment__slug"],
        show=lambda row: Shown(
            row.name, f"{row.get_kind_display()} of {row.deployment}", row.get_absolute_url()
        ),
    )


def alerts(query: Query) -> Records:
    """The alerts that are called or summed up so."""
    return rows.find(
        query,
        selectors.alerts(query.user),
        kind="alert",
        fields=["name", "summary"],
        show=lambda row: Shown(row.name, row.summary, row.get_absolute_url()),
    )


search.source("monitor", monitors)
search.source("alert", alerts)
