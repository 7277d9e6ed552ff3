from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.monitoring import access, selectors, services
from apps.monitoring.alerting import windows
from apps.monitoring.alerting.matchers import Matcher
from apps.monitoring.api.filters import SilenceFilter
from apps.monitoring.models import Silence
from apps.projects import access as projects
from apps.projects.querysets import InProjectQuerySet


class MatcherSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=500)
    value = serializers.CharField(max_length=500, allow_blank=True, trim_whitespace=False)
    is_regex = serializers.BooleanField(default=False)
    is_equal = serializers.BooleanField(default=True)


class SilenceSerializer(serializers.ModelSerializer[Silence]):
    project = serializers.CharField(source="project.slug")
    matchers = MatcherSerializer(many=True)
    state = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = Silence
        fields = [
            "id", "project", "matchers", "starts_at", "ends_at", "repeats", "until", "zone", "comment", "state",
            "created_by", "created_at", "ended_at",
        ]  # fmt: skip

    def get_state(self, silence: Silence) -> str:
        return windows.state(silence, timezone.now())


class NewSilenceSerializer(serializers.Serializer[Any]):
    """One that repeats is a maintenance window."""

    project = serializers.SlugField(max_length=60)
    matchers = MatcherSerializer(many=True, allow_empty=False)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    repeats = serializers.ChoiceField(Silence.Repeats.choices, default=Silence.Repeats.NEVER)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    zone = serializers.CharField(max_length=60, default="UTC")
    comment = serializers.CharField(max_length=500)


def read_matchers(given: list[dict[str, Any]]) -> list[Matcher]:
    """The matchers of a checked body."""
    return [Matcher(**one) for one in given]


class SilenceViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Silence]):
    """What tells nobody for a while, newest first."""

    serializer_class = SilenceSerializer
    filterset_class = SilenceFilter

    def get_queryset(self) -> InProjectQuerySet[Silence]:
        return selectors.silences(self.user)

    @extend_schema(request=NewSilenceSerializer, responses={201: SilenceSerializer})
    def create(self, request: Request) -> Response:
        """Silence what matches; what fires already is silenced at once."""
        sent = NewSilenceSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        silence = services.create_silence(
            project=projects.project(self.user, given["project"], Role.RESPONDER),
            wanted=read_matchers(given["matchers"]),
            stretch=services.Stretch(
                *(given[name] for name in ("starts_at", "ends_at", "repeats", "until", "zone"))
            ),
            comment=given["comment"],
            by=self.user,
        )
        return Response(self.get_serializer(silence).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: SilenceSerializer})
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End it early; what it held and still fires is told now."""
        silence = access.silence(self.user, int(pk), Role.RESPONDER)
        ended = services.end_silence(silence=silence, by=self.user)
        return Response(self.get_serializer(ended).data)
