"""Offers incidents and their tickets to the search."""

from __future__ import annotations

from dataclasses import replace

from apps.docs import search
from apps.docs.search import Query, rows
from apps.docs.search.rows import Records, Shown
from apps.incidents import selectors


def incidents(query: Query) -> Records:
    """The incidents that are called so, or ended for such a reason."""
    return rows.find(
        query,
        selectors.incidents(query.user),
        kind="incident",
        fields=["title", "reason"],
        show=lambda row: Shown(row.title, row.reason, row.get_absolute_url()),
    )


def tickets(query: Query) -> Records:
    """The tickets of that key, or of an incident that is called so; each opens its incident."""
    found = selectors.tickets(query.user)
    if query.project:
        found = found.filter(incident__project__slug=query.project)
    return rows.find(
        replace(query, project=None),
        found,
        kind="ticket",
        fields=["key", "incident__title"],
        show=lambda row: Shown(
            row.key or f"Ticket {row.pk}", row.incident.title, row.incident.get_absolute_url()
        ),
    )


search.source("incident", incidents)
search.source("ticket", tickets)
