from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from apps.core import access, access_jobs, job_selectors, jobs
from apps.core.api.filters import YesNoFilter
from apps.core.api.paging import NewestFirst
from apps.core.api.viewsets import PortalViewSet
from apps.core.jobs import values
from apps.core.models import Job, JobLine, JobQuerySet


@extend_schema_field({"type": "object", "additionalProperties": True})
class _Shown(serializers.JSONField):
    """JSON with everything masked that looks like a secret."""

    def to_representation(self, value: Any) -> Any:
        return values.shown(value)


@extend_schema_field({})
class _Result(_Shown):
    """Whatever the work returned."""


class JobSerializer(serializers.ModelSerializer[Job]):
    """One piece of background work."""

    project = serializers.SerializerMethodField(help_text="Slug of its project; null: of none.")
    owner = serializers.CharField(
        source="owner.username", allow_null=True, default=None, help_text="Null: the portal itself."
    )
    args = _Shown()
    result = _Result(allow_null=True)
    url = serializers.CharField(source="get_absolute_url", help_text="Its page.")

    class Meta:
        model = Job
        fields = [
            "id",
            "kind",
            "state",
            "percent",
            "note",
            "project",
            "owner",
            "args",
            "result",
            "tries",
            "retry_of",
            "worker",
            "created_at",
            "started_at",
            "ended_at",
            "cancel_requested_at",
            "url",
        ]
        read_only_fields = fields

    def get_project(self, job: Job) -> str | None:
        place = self._places.get(job.project_id) if job.project_id else None
        return place.slug if place else None

    @property
    def _places(self) -> dict[int, job_selectors.Place]:
        """Read once for a whole page of jobs."""
        shared: dict[str, Any] = self.context  # type: ignore[assignment]
        if "places" not in shared:
            shared["places"] = job_selectors.places(shared["request"].user)
        return cast(dict[int, job_selectors.Place], shared["places"])


class JobLineSerializer(serializers.ModelSerializer[JobLine]):
    """One line of a job's log."""

    class Meta:
        model = JobLine
        fields = ["id", "at", "text"]
        read_only_fields = fields


class JobFilter(FilterSet):
    state = filters.ChoiceFilter(choices=Job.State.choices)
    kind = filters.CharFilter(max_length=80, label="For example `deployments.roll_out`.")
    project = filters.CharFilter(method="of_project", max_length=60, label="Slug of a project.")
    mine = YesNoFilter(method="of_mine", label="Only jobs that you asked for, or only others.")

    class Meta:
        model = Job
        fields: list[str] = []

    def of_project(self, rows: JobQuerySet, name: str, slug: str) -> JobQuerySet:
        ids = access.project_ids(self.request.user).filter(slug=slug)
        return rows.filter(project_id__in=ids.values_list("pk", flat=True))

    def of_mine(self, rows: JobQuerySet, name: str, mine: bool) -> JobQuerySet:
        own = rows.owned_by(self.request.user)
        return own if mine else rows.exclude(pk__in=own.values("pk"))


class OldestFirst(NewestFirst):
    """A log reads downwards."""

    ordering = "id"


@extend_schema(tags=["jobs"])
@extend_schema_view(
    list=extend_schema(summary="List jobs"), retrieve=extend_schema(summary="Read a job")
)
class JobViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Job]):
    """Background work: your own, and what runs in projects you may see, newest first."""

    serializer_class = JobSerializer
    filterset_class = JobFilter

    def get_queryset(self) -> JobQuerySet:
        return job_selectors.jobs(self.user)

    def get_object(self) -> Job:
        return access_jobs.job(self.user, int(self.kwargs["pk"]))

    @extend_schema(summary="Read a job's log", responses=JobLineSerializer(many=True))
    @action(
        detail=True,
        pagination_class=OldestFirst,
        serializer_class=JobLineSerializer,
        filterset_class=None,
    )
    def lines(self, request: Request, pk: str) -> Response:
        """The lines in the order they were written."""
        lines: QuerySet[JobLine] = self.get_object().lines.all()
        page = self.paginate_queryset(lines)  # type: ignore[arg-type]
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(summary="Cancel a job", request=None, responses={202: JobSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """End a waiting job at once and a running one at its next step. Asking twice is asking once.

        Needs to be your own job, or the maintainer role in its project.
        """
        job = access_jobs.job_to_steer(self.user, int(pk))
        return self._accepted(jobs.request_cancel(job, by=self.user))

    @extend_schema(summary="Retry a job", request=None, responses={202: JobSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Do the work of a failed or cancelled job again, as a new job, which is the answer.

        Needs to be your own job, or the maintainer role in its project.
        """
        job = access_jobs.job_to_steer(self.user, int(pk))
        return self._accepted(jobs.try_again(job, by=self.user))

    def _accepted(self, job: Job) -> Response:
        return Response(self.get_serializer(job).data, status=status.HTTP_202_ACCEPTED)


router = SimpleRouter()
router.register("jobs", JobViewSet, basename="job")
urlpatterns = router.urls
