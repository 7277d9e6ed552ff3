from __future__ import annotations

from django_filters import rest_framework as filters

from apps.core.api.filters import RecordIdFilter, WordsFilter, YesNoFilter
from apps.models.choices import MoveKind, OutOfBandState, PromotionState, RunStatus
from apps.models.models import (
    AliasMove,
    Dataset,
    Gate,
    ModelVersion,
    OutOfBandMove,
    Promotion,
    PromotionQuerySet,
    RegisteredModel,
    Run,
    RunQuerySet,
    Waiver,
)
from apps.models.search.grammar import read_filter
from apps.models.search.matching import matching
from apps.models.search.words import LONGEST


class OfProject(filters.FilterSet):
    project = filters.CharFilter("project__slug", max_length=60, label="Slug of a project.")


class RunFilter(OfProject):
    experiment = filters.CharFilter("experiment__name", max_length=500, label="Its exact name.")
    status = filters.ChoiceFilter(choices=RunStatus.choices)
    run_id = filters.CharFilter("mlflow_id", max_length=40, label="MLflow's id of the run.")
    filter = filters.CharFilter(
        method="by_filter",
        max_length=LONGEST,
        label="MLflow's filter string: `metrics.accuracy > 0.9 and params.kind = 'forest'`.",
    )

    class Meta:
        model = Run
        fields: list[str] = []

    def by_filter(self, queryset: RunQuerySet, name: str, value: str) -> RunQuerySet:
        return matching(queryset, read_filter(value))


class DatasetFilter(OfProject):
    name = filters.CharFilter(max_length=500, label="Its exact name.")

    class Meta:
        model = Dataset
        fields: list[str] = []


class ModelFilter(OfProject):
    name = filters.CharFilter(max_length=256, label="Its exact name.")
    q = WordsFilter("name", lookup_expr="icontains", label="Words in its name.")

    class Meta:
        model = RegisteredModel
        fields: list[str] = []


class VersionFilter(OfProject):
    model = RecordIdFilter("model_id", label="Id of a registered model.")
    name = filters.CharFilter("model__name", max_length=256, label="Exact name of its model.")
    alias = filters.CharFilter("aliases__name", max_length=256, label="An alias it holds.")
    version = RecordIdFilter("number", label="Its number in the model.")

    class Meta:
        model = ModelVersion
        fields: list[str] = []


class GateFilter(OfProject):
    model = RecordIdFilter("model_id", label="Id of a registered model.")
    environment = filters.CharFilter("environment__name", max_length=60, label="Its name.")

    class Meta:
        model = Gate
        fields: list[str] = []


class WaiverFilter(OfProject):
    gate = RecordIdFilter("gate_id", label="Id of a gate.")
    version = RecordIdFilter("version_id", label="Id of a model version.")

    class Meta:
        model = Waiver
        fields: list[str] = []


class PromotionFilter(OfProject):
    state = filters.ChoiceFilter(
        choices=PromotionState.choices, label="Only this state; waiting ones where absent."
    )
    version = RecordIdFilter("version_id", label="Id of a model version.")

    class Meta:
        model = Promotion
        fields: list[str] = []

    def filter_queryset(self, queryset: PromotionQuerySet) -> PromotionQuerySet:
        found: PromotionQuerySet = super().filter_queryset(queryset)
        return found if self.form.cleaned_data.get("state") else found.waiting()


class AliasMoveFilter(filters.FilterSet):
    name = filters.CharFilter(max_length=256, label="An alias or a stage.")
    kind = filters.ChoiceFilter(choices=MoveKind.choices)
    out_of_band = YesNoFilter(label="Only what went around the portal, or what did not.")

    class Meta:
        model = AliasMove
        fields: list[str] = []


class OutOfBandFilter(OfProject):
    state = filters.ChoiceFilter(choices=OutOfBandState.choices)
    model = RecordIdFilter("model_id", label="Id of a registered model.")
    environment = filters.CharFilter("environment__name", max_length=60, label="Its name.")

    class Meta:
        model = OutOfBandMove
        fields: list[str] = []
