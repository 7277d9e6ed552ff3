from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django_filters import rest_framework as filters

from apps.core.api.filters import RecordIdFilter, WordsFilter, YesNoFilter
from apps.projects.models import (
    Environment,
    FreezeWindow,
    FreezeWindowQuerySet,
    Project,
    ProjectQuerySet,
)


class ProjectFilter(filters.FilterSet):
    q = WordsFilter(method="with_words", label="Words in name, slug or purpose.")
    archived = YesNoFilter(
        method="with_archived", label="Only archived projects, or only others; both where absent."
    )

    class Meta:
        model = Project
        fields = ["criticality"]

    def with_words(self, rows: ProjectQuerySet, name: str, words: str) -> ProjectQuerySet:
        found = Q(name__icontains=words) | Q(slug__icontains=words) | Q(purpose__icontains=words)
        return rows.filter(found)

    def with_archived(self, rows: ProjectQuerySet, name: str, wanted: bool) -> ProjectQuerySet:
        return rows.filter(archived_at__isnull=not wanted)


class EnvironmentFilter(filters.FilterSet):
    project = filters.CharFilter("project__slug", max_length=60, label="Slug of a project.")
    protected = YesNoFilter("protected", label="Only protected ones, or only others.")

    class Meta:
        model = Environment
        fields = ["kind"]


class FreezeWindowFilter(filters.FilterSet):
    project = filters.CharFilter(
        "environment__project__slug", max_length=60, label="Slug of a project."
    )
    environment = RecordIdFilter("environment_id", label="Id of an environment.")
    at = filters.IsoDateTimeFilter(method="holding_at", label="Only what holds at this moment.")

    class Meta:
        model = FreezeWindow
        fields: list[str] = []

    def holding_at(
        self, rows: FreezeWindowQuerySet, name: str, moment: datetime
    ) -> FreezeWindowQuerySet:
        return rows.holding_at(moment)
