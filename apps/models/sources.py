"""Offers models, versions and runs to the search."""

from __future__ import annotations

from apps.docs import search
from apps.docs.search import Query, rows
from apps.docs.search.rows import Records, Shown
from apps.models import selectors


def models(query: Query) -> Records:
    """The registered models that are called or described so."""
    return rows.find(
        query,
        selectors.models(query.user),
        kind="model",
        fields=["name", "description", "purpose"],
        show=lambda row: Shown(row.name, row.description or row.purpose, row.get_absolute_url()),
    )


def versions(query: Query) -> Records:
    """The versions that are described so."""
    return rows.find(
        query,
        selectors.versions(query.user),
        kind="version",
        fields=["model__name", "description"],
        show=lambda row: Shown(str(row), row.description, row.get_absolute_url()),
    )


def runs(query: Query) -> Records:
    """The runs that are called so, or belong to an experiment that is."""
    return rows.find(
        query,
        selectors.runs(query.user),
        kind="run",
        fields=["name", "experiment__name"],
        show=lambda row: Shown(str(row), row.experiment.name, row.get_absolute_url()),
    )


search.source("model", models)
search.source("version", versions)
search.source("run", runs)
