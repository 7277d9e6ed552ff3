"""Offers incidents and their tickets to the search."""

from __future__ import annotations

from dataclasses import replace

from django.urls import reverse

from apps.docs import search
from apps.docs.search import Query, rows
from apps.docs.search.rows import Face, Records, Shown
from apps.incidents import selectors


def incidents(query: Query) -> Records:
    """The incidents that are called so, or ended for such a reason."""
    return rows.find(
        query,
        selectors.incidents(query.user),
        kind="incident",
        fields=["title", "reason"],
        face=Face(
            ["title", "reason"], lambda row: Shown(row.texts[0], row.texts[1], _page(row.pk))
        ),
    )


def _page(pk: int | str) -> str:
    return reverse("incidents:incident", args=[pk])


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
        face=Face(
            ["key", "incident__title", "incident_id"],
            lambda row: Shown(
                row.texts[0] or f"Ticket {row.pk}", row.texts[1], _page(row.texts[2])
            ),
        ),
    )


search.source("incident", incidents)
search.source("ticket", tickets)
