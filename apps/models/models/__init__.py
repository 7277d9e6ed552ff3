"""The tables of models, by topic."""

from apps.models.models.history import AliasMove, OutOfBandMove, OutOfBandQuerySet
from apps.models.models.homes import Home
from apps.models.models.logged import RunMetric, RunParam
from apps.models.models.papers import Card, EvidencePack, ModelImport, SliceReport
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
    "Card",
    "AliasMove",
    "Dataset",
    "Decision",
    "EvidencePack",
    "Experiment",
    "Gate",
    "GateResult",
    "Home",
    "ModelImport",
    "ModelQuerySet",
    "ModelVersion",
    "OutOfBandMove",
    "OutOfBandQuerySet",
    "ProjectRows",
    "Promotion",
    "PromotionQuerySet",
    "RegisteredModel",
    "Run",
    "RunMetric",
    "RunParam",
    "RunQuerySet",
    "SliceReport",
    "VersionFacts",
    "VersionQuerySet",
    "Waiver",
    "WaiverQuerySet",
    "Workspace",
]
