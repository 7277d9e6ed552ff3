"""Offers documents to the search, by passage, and the connections, whose app knows of no search."""

from __future__ import annotations

from django.urls import reverse

from apps.docs import search, selectors
from apps.docs.search import Query, rows
from apps.docs.search.rows import Face, Records, Shown
from apps.integrations import catalog
from apps.integrations import selectors as integrations


def connections(query: Query) -> Records:
    """The connections that are called so."""
    return rows.find(
        query,
        integrations.connections(query.user),
        kind="connection",
        fields=["name", "slug"],
        face=Face(
            ["name", "slug"],
            lambda row: Shown(
                row.texts[0],
                catalog.entry(row.texts[1]).label,
                reverse("integrations:connection", args=[row.pk]),
            ),
        ),
    )


search.index("passage", selectors.look_at_passages)
search.source("connection", connections)
