"""Gathers what the records say about a model, and about one version of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.models.cards import profile, serving, slices
from apps.models.cards.profile import Profile
from apps.models.cards.serving import Place
from apps.models.cards.slices import Slice
from apps.models.models import (
    Alias,
    Decision,
    GateResult,
    ModelVersion,
    Promotion,
    RegisteredModel,
    SliceReport,
)

MOST_VERSIONS = 20
MOST_PROMOTIONS = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """One promotion with what its gates said and who decided."""

    promotion: Promotion
    results: list[GateResult]
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a card is generated from; `version` is the one that its figures are of."""

    model: RegisteredModel
    version: ModelVersion | None
    profile: Profile
    versions: list[ModelVersion]
    aliases: list[Alias]
    metrics: dict[str, Any]
    slices: list[Slice]
    data: list[dict[str, Any]]
    asked: list[Asked]
    places: list[Place]


def gather(model: RegisteredModel, version: ModelVersion | None = None) -> Facts:
    """The facts of a model; of its newest version where none is named."""
    living = model.versions.live().select_related("run", "registered_by").order_by("-number")
    versions = list(living[:MOST_VERSIONS])
    version = version or next(iter(versions), None)
    run = version.run if version else None
    metrics = run.metrics if run else {}
    return Facts(
        model=model,
        version=version,
        profile=profile.read(model, version),
        versions=versions,
        aliases=list(model.aliases.select_related("version")),
        metrics=slices.plain(metrics),
        slices=_slices(version, metrics),
        data=run.inputs if run else [],
        asked=asked(model),
        places=serving.places(model),
    )


def asked(model: RegisteredModel, version: ModelVersion | None = None) -> list[Asked]:
    """The promotions of a model or of one version, newest first."""
    found = Promotion.objects.filter(version__model=model).order_by("-pk")
    if version is not None:
        found = found.filter(version=version)
    rows = found.select_related("version", "environment", "requested_by", "decision__by")
    return [
        Asked(row, list(row.results.all()), getattr(row, "decision", None))
        for row in rows.prefetch_related("results")[:MOST_PROMOTIONS]
    ]


def _slices(version: ModelVersion | None, metrics: dict[str, Any]) -> list[Slice]:
    if version is None:
        return []
    report = SliceReport.objects.filter(version=version).first()
    told = slices.of_rows(report.rows, metrics) if report else []
    return slices.merged(slices.of_metrics(metrics), told)
