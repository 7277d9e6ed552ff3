"""Offers models, versions and runs to the search."""

from __future__ import annotations

from django.urls import reverse

from apps.docs import search
from apps.docs.search import Query, rows
from apps.docs.search.rows import Face, Records, Shown
from apps.models import selectors


def models(query: Query) -> Records:
    """The registered models that are called or described so."""
    return rows.find(
        query,
        selectors.models(query.user),
        kind="model",
        fields=["name", "description", "purpose"],
        face=Face(
            ["name", "description", "purpose"],
            lambda row: Shown(
                row.texts[0], row.texts[1] or row.texts[2], reverse("models:model", args=[row.pk])
            ),
        ),
    )


def versions(query: Query) -> Records:
    """The versions that are described so."""
    return rows.find(
        query,
        selectors.versions(query.user),
        kind="version",
        fields=["model__name", "description"],
        face=Face(
            ["model__name", "number", "description"],
            lambda row: Shown(
                f"{row.texts[0]} v{row.texts[1]}",
                row.texts[2],
                reverse("models:version", args=[row.pk]),
            ),
        ),
    )


def runs(query: Query) -> Records:
    """The runs that are called so, or belong to an experiment that is."""
    return rows.find(
        query,
        selectors.runs(query.user),
        kind="run",
        fields=["name", "experiment__name"],
        face=Face(
            ["name", "mlflow_id", "experiment__name"],
            lambda row: Shown(
                row.texts[0] or row.texts[1][:8],
                row.texts[2],
                reverse("models:run", args=[row.pk]),
            ),
        ),
    )


search.source("model", models)
search.source("version", versions)
search.source("run", runs)
