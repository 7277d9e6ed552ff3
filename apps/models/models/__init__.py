"""The tables of models, by topic."""

from apps.models.models.promotions import (
    Decision,
    Gate,
    GateResult,
    Promotion,
    PromotionQuerySet,
    Waiver,
    WaiverQuerySet,
)
from apps.models.models.registry import (
    Alias,
    ModelQuerySet,
    ModelVersion,
    RegisteredModel,
    VersionFacts,
    VersionQuerySet,
)
from apps.models.models.rows import ProjectRows
from apps.models.models.runs import Dataset, Experiment, Run, RunQuerySet, Workspace

__all__ = [
    "Alias",
    "Dataset",
    "Decision",
    "Experiment",
    "Gate",
    "GateResult",
    "ModelQuerySet",
    "ModelVersion",
    "ProjectRows",
    "Promotion",
    "PromotionQuerySet",
    "RegisteredModel",
    "Run",
    "RunQuerySet",
    "VersionFacts",
    "VersionQuerySet",
    "Waiver",
    "WaiverQuerySet",
    "Workspace",
]
