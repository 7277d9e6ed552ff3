from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.fields import RecordId
from apps.core.api.viewsets import PortalPlainViewSet, PortalViewSet
from apps.deployments import access, logs, selectors, services
from apps.deployments.api.configurations import StandSerializer
from apps.deployments.api.serializers import DeploymentSerializer
from apps.deployments.models import Replica


class ScaleSerializer(serializers.Serializer[Any]):
    replicas = serializers.IntegerField(min_value=1, max_value=50)
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class RestartSerializer(serializers.Serializer[Any]):
    replica = RecordId(
        required=False, allow_null=True, default=None, help_text="One of them; all, where left out."
    )


class RestartingSerializer(serializers.Serializer[Any]):
    replicas = serializers.IntegerField(help_text="How many restart, one after another.")


class RetireDeploymentSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500)


class OperatingViewSet(PortalPlainViewSet):
    """What is done to a deployment as a whole."""

    @extend_schema(request=ScaleSerializer, responses={200: StandSerializer})
    def scale(self, request: Request, slug: str) -> Response:
        """Run this many model servers; answers the configuration in force."""
        row = access.releasable(self.user, slug)
        sent = ScaleSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        services.scale(deployment=row, by=self.user, **sent.validated_data)
        return Response(StandSerializer(row).data)

    @extend_schema(request=RestartSerializer, responses={202: RestartingSerializer})
    def restart(self, request: Request, slug: str) -> Response:
        """Start the model servers anew, one after another."""
        row = access.releasable(self.user, slug)
        sent = RestartSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        named = sent.validated_data["replica"]
        replica = access.replica(row, named) if named else None
        count = services.restart(deployment=row, by=self.user, replica=replica)
        return Response({"replicas": count}, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=RetireDeploymentSerializer, responses={200: DeploymentSerializer})
    def retire(self, request: Request, slug: str) -> Response:
        """Take a deployment out of use; its history stays."""
        row = access.retirable(self.user, slug)
        sent = RetireDeploymentSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        services.retire_deployment(deployment=row, by=self.user, **sent.validated_data)
        return Response(DeploymentSerializer(access.deployment(self.user, slug)).data)

    @extend_schema(request=None, responses={200: DeploymentSerializer})
    def reinstate(self, request: Request, slug: str) -> Response:
        """Take back a retirement; release a version to serve again."""
        row = access.retirable(self.user, slug)
        services.reinstate_deployment(deployment=row, by=self.user)
        return Response(DeploymentSerializer(access.deployment(self.user, slug)).data)


class ReplicaSerializer(serializers.ModelSerializer[Replica]):
    release = serializers.IntegerField(source="release.number", help_text="Its number.")
    version = serializers.IntegerField(source="release.version.number")

    class Meta:
        model = Replica
        fields = [
            "id", "release", "version", "state", "node", "restarts", "restart_wanted", "note",
            "changed_at",
        ]  # fmt: skip


class LogSerializer(serializers.Serializer[logs.Stretch]):
    lines = serializers.ListField(child=serializers.CharField(allow_blank=True))
    end = serializers.IntegerField(help_text="Send it as `after` to read on.")
    cut = serializers.BooleanField(help_text="Whether earlier lines were left out.")
    anew = serializers.BooleanField(help_text="Whether the log was begun anew since `after`.")
    away = serializers.CharField(
        allow_blank=True, help_text="Who keeps the log, where not the portal."
    )


class AfterSerializer(serializers.Serializer[Any]):
    after = serializers.IntegerField(required=False, min_value=0, max_value=2**53)


class ReplicaViewSet(mixins.ListModelMixin, PortalViewSet[Replica]):
    """The model servers of a deployment, and what they write."""

    serializer_class = ReplicaSerializer

    def get_queryset(self) -> QuerySet[Replica]:
        if getattr(self, "swagger_fake_view", False):
            return Replica.objects.none()
        return selectors.replicas(access.deployment(self.user, self.kwargs["slug"]))

    @extend_schema(
        parameters=[AfterSerializer, OpenApiParameter("id", int, OpenApiParameter.PATH)],
        responses={200: LogSerializer},
    )
    def log(self, request: Request, slug: str, pk: int) -> Response:
        """The end of a log, or what came since `after`; at most 64 KiB, secrets masked."""
        replica = access.replica(access.deployment(self.user, slug), pk)
        asked = AfterSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        offset = asked.validated_data.get("after")
        stretch = logs.tail(replica) if offset is None else logs.after(replica, offset)
        return Response(LogSerializer(stretch).data)
