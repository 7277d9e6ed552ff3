from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalPlainViewSet, PortalViewSet
from apps.core.errors import Invalid
from apps.incidents.api.filters import OverrideFilter, ScheduleFilter
from apps.incidents.models import Layer, Override, Schedule
from apps.incidents.oncall import access, schedules, selectors
from apps.incidents.oncall.schedules import Shape
from apps.projects import access as projects
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet

LONGEST = timedelta(days=100)
NAME_LENGTH = 150


class LayerSerializer(serializers.ModelSerializer[Layer]):
    people = serializers.SerializerMethodField()

    class Meta:
        model = Layer
        fields = [
            "id", "position", "name", "people", "starts_on", "hand_over", "length", "unit", "weekdays", "opens",
            "closes",
        ]  # fmt: skip

    def get_people(self, layer: Layer) -> list[str]:
        return [turn.user.username for turn in layer.turns.all()]


class ScheduleSerializer(serializers.ModelSerializer[Schedule]):
    project = serializers.CharField(source="project.slug")
    layers = LayerSerializer(many=True)

    class Meta:
        model = Schedule
        fields = ["id", "project", "name", "zone", "layers", "created_at"]


class NewLayerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    people = serializers.ListField(
        child=serializers.CharField(max_length=NAME_LENGTH), min_length=1, max_length=50,
        help_text="User names in order.",
    )  # fmt: skip
    starts_on = serializers.DateField(help_text="The day of the first hand-over.")
    hand_over = serializers.TimeField(default=time(9), help_text="By the clock of the zone.")
    length = serializers.IntegerField(min_value=1, max_value=366, default=1)
    unit = serializers.ChoiceField(Layer.Unit.choices, default=Layer.Unit.WEEKS)
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), max_length=7, default=list,
        help_text="Only on these days, 0 is Monday; empty: every day.",
    )  # fmt: skip
    opens = serializers.TimeField(default=None, allow_null=True)
    closes = serializers.TimeField(default=None, allow_null=True)


class NewScheduleSerializer(serializers.Serializer[Any]):
    project = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=100)
    zone = serializers.CharField(max_length=60, default="UTC", help_text="Such as Europe/Berlin.")
    layers = NewLayerSerializer(many=True, default=list, help_text="The first at the bottom.")


class ScheduleChangeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100, required=False)
    zone = serializers.CharField(max_length=60, required=False)
    layers = NewLayerSerializer(many=True, required=False, help_text="In place of all others.")


class StretchSerializer(serializers.Serializer[Any]):
    """A stretch in which nothing changes; without a person it is a gap."""

    starts = serializers.DateTimeField()
    ends = serializers.DateTimeField()
    person = serializers.CharField(source="person.username", allow_null=True, default=None)
    by = serializers.CharField()


class StandingSerializer(serializers.Serializer[Any]):
    schedule = serializers.IntegerField(source="schedule.pk")
    name = serializers.CharField(source="schedule.name")
    project = serializers.CharField(source="schedule.project.slug")
    now = serializers.CharField(source="now.username", allow_null=True, default=None)
    until = serializers.DateTimeField(allow_null=True)
    next = serializers.CharField(source="next.username", allow_null=True, default=None)
    next_at = serializers.DateTimeField(allow_null=True)


class OverrideSerializer(serializers.ModelSerializer[Override]):
    project = serializers.CharField(source="schedule.project.slug")
    user = serializers.CharField(source="user.username")
    set_by = serializers.CharField(source="set_by.username", allow_null=True, default=None)
    calendar = serializers.CharField(source="source.name", allow_null=True, default=None)

    class Meta:
        model = Override
        fields = [
            "id", "project", "schedule", "user", "starts_at", "ends_at", "set_by", "calendar", "created_at",
        ]  # fmt: skip


class NewOverrideSerializer(serializers.Serializer[Any]):
    schedule = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    user = serializers.CharField(max_length=NAME_LENGTH)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class ScheduleViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Schedule]):
    """Who is on call when."""

    serializer_class = ScheduleSerializer
    filterset_class = ScheduleFilter

    def get_queryset(self) -> InProjectQuerySet[Schedule]:
        return selectors.with_layers(selectors.schedules(self.user))

    @extend_schema(request=NewScheduleSerializer, responses={201: ScheduleSerializer})
    def create(self, request: Request) -> Response:
        """Make a schedule. Needs the maintainer role."""
        sent = NewScheduleSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        project = projects.project(self.user, given["project"], Role.MAINTAINER)
        made = schedules.create_schedule(
            project=project,
            name=given["name"],
            zone=given["zone"],
            shapes=[_shape(project, one) for one in given["layers"]],
            by=self.user,
        )
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ScheduleChangeSerializer, responses={200: ScheduleSerializer})
    def partial_update(self, request: Request, pk: str) -> Response:
        """Another name, zone or other rotations."""
        row = access.schedule(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(row)
        sent = ScheduleChangeSerializer(data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        shapes = given.get("layers")
        changed = schedules.rework_schedule(
            schedule=row,
            name=given.get("name", row.name),
            zone=given.get("zone", row.zone),
            shapes=None if shapes is None else [_shape(row.project, one) for one in shapes],
            by=self.user,
        )
        return Response(self.get_serializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take it away, unless a policy pages it."""
        row = access.schedule(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(row)
        schedules.remove_schedule(schedule=row, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        parameters=[
            OpenApiParameter("since", {"type": "string", "format": "date-time"}),
            OpenApiParameter("until", {"type": "string", "format": "date-time"}),
        ],
        responses={200: StretchSerializer(many=True)},
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def shifts(self, request: Request, pk: str) -> Response:
        """Who is on call in a stretch, gaps included; the next 35 days without one."""
        row = access.schedule(self.user, int(pk))
        since = _moment(request, "since") or timezone.now()
        until = _moment(request, "until") or since + selectors.AHEAD
        if not timedelta(0) < until - since <= LONGEST:
            raise Invalid(field="until", reason=f"within {LONGEST.days} days after since")
        return Response(StretchSerializer(selectors.stretches(row, since, until), many=True).data)


class OverrideViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Override]):
    """Who is on call for a while whatever the rotations say, newest first."""

    serializer_class = OverrideSerializer
    filterset_class = OverrideFilter

    def get_queryset(self) -> QuerySet[Override]:
        return selectors.overrides(self.user)

    @extend_schema(request=NewOverrideSerializer, responses={201: OverrideSerializer})
    def create(self, request: Request) -> Response:
        """Put somebody on call. Needs the responder role."""
        sent = NewOverrideSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        row = access.schedule(self.user, given["schedule"], Role.RESPONDER)
        made = schedules.add_override(
            schedule=row,
            user=access.responder(row.project, given["user"], field="user"),
            starts_at=given["starts_at"],
            ends_at=given["ends_at"],
            by=self.user,
        )
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Let the rotations decide again."""
        row = access.override(self.user, int(pk), Role.RESPONDER)
        self.check_unchanged(row)
        schedules.remove_override(override=row, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class OnCallViewSet(PortalPlainViewSet):
    """Who answers now."""

    @extend_schema(
        parameters=[OpenApiParameter("project", str)],
        responses={200: StandingSerializer(many=True)},
    )
    @action(detail=False)
    def now(self, request: Request) -> Response:
        """Who is on call now and next, at each schedule that one may see, of one project or of all."""
        found = selectors.schedules(self.user)
        if slug := request.query_params.get("project"):
            found = found.filter(project=projects.project(self.user, slug))
        standings = selectors.standings(list(found[:500]))
        return Response(StandingSerializer(standings, many=True).data)


def _shape(project: Project, given: dict[str, Any]) -> Shape:
    people = [access.responder(project, name, field="people") for name in given["people"]]
    return Shape(**{**given, "people": people})


def _moment(request: Request, name: str) -> Any:
    if name not in request.query_params:
        return None
    try:
        return serializers.DateTimeField().to_internal_value(request.query_params[name])
    except serializers.ValidationError as error:
        raise Invalid(field=name, reason="a time such as 2026-01-01T09:00:00Z") from error
