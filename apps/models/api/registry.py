from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.core.errors import NotFound
from apps.models import access, selectors, services
from apps.models.api import filters
from apps.models.api import registry_shapes as own
from apps.models.api import serializers as shapes
from apps.models.models import ModelQuerySet, ModelVersion, RegisteredModel, VersionQuerySet
from apps.projects import selectors as projects


@extend_schema(tags=["models"])
@extend_schema_view(
    list=extend_schema(summary="List registered models"),
    retrieve=extend_schema(summary="Read a registered model"),
)
class ModelViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[RegisteredModel]
):
    """Registered models, newest first. They are registered through `/mlflow`."""

    serializer_class = shapes.ModelSerializer
    filterset_class = filters.ModelFilter

    def get_queryset(self) -> ModelQuerySet:
        return selectors.models(self.user)

    @extend_schema(
        summary="Edit a model's profile",
        request=own.ProfileSerializer,
        responses=shapes.ModelSerializer,
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Say what it is for, who answers for it, its risk class and licence. Needs the maintainer role."""
        model = self._mine(pk)
        self.check_unchanged(model)
        wanted = own.ProfileSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        services.edit_profile(model=model, by=self.user, **_people(wanted.validated_data))
        return self._answer(model)

    @extend_schema(
        summary="Retire a model",
        request=own.RetireSerializer,
        responses=shapes.ModelSerializer,
    )
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """Take it out of use with all its versions; 409 while anything holds one of them.

        Needs the owner role. With `clean_up` a job removes its files afterwards.
        """
        model = access.model(self.user, int(pk), Role.OWNER)
        given = _given(own.RetireSerializer, request)
        services.retire_model(model=model, by=self.user, **given)
        return self._answer(model)

    @extend_schema(
        summary="Take back a model's retirement", request=None, responses=shapes.ModelSerializer
    )
    @action(detail=True, methods=["post"])
    def reinstate(self, request: Request, pk: str) -> Response:
        """Let it be promoted again. Needs the owner role."""
        model = access.model(self.user, int(pk), Role.OWNER)
        services.reinstate(row=model, by=self.user)
        return self._answer(model)

    def _mine(self, pk: str) -> RegisteredModel:
        """The model, where the caller is a maintainer, as this resource shows it."""
        access.model(self.user, int(pk), Role.MAINTAINER)
        return self.get_queryset().get(pk=pk)

    def _answer(self, model: RegisteredModel) -> Response:
        shown = self.get_queryset().get(pk=model.pk)
        return Response(self.get_serializer(shown).data)


@extend_schema(tags=["models"])
@extend_schema_view(
    list=extend_schema(summary="List model versions"),
    retrieve=extend_schema(summary="Read a model version"),
)
class VersionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[ModelVersion]):
    """Versions of registered models, newest first."""

    serializer_class = shapes.VersionSerializer
    filterset_class = filters.VersionFilter

    def get_queryset(self) -> VersionQuerySet:
        return selectors.versions(self.user)

    @extend_schema(
        summary="Ask for a promotion",
        request=shapes.PromoteSerializer,
        responses={202: shapes.PromotionSerializer},
    )
    @action(detail=True, methods=["post"])
    def promote(self, request: Request, pk: str) -> Response:
        """Let a job check the gates; a protected environment then waits for another maintainer.

        Needs the contributor role. Follow it at `/approvals/<id>/`.
        """
        version = access.version(self.user, int(pk), Role.CONTRIBUTOR)
        wanted = shapes.PromoteSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        given = wanted.validated_data
        promotion = services.request_promotion(
            version=version,
            environment=access.environment(self.user, version.project, given["environment"]),
            by=self.user,
            note=given.get("note", ""),
        )
        shown = selectors.promotions(self.user).get(pk=promotion.pk)
        return Response(shapes.PromotionSerializer(shown).data, status.HTTP_202_ACCEPTED)

    @extend_schema(summary="Read a version's facts", responses=own.FactsSerializer)
    @action(detail=True, methods=["get"])
    def facts(self, request: Request, pk: str) -> Response:
        """What its files say: signature, flavours, digest, size, licence, known risks.

        404 until a job has read them.
        """
        version = access.version(self.user, int(pk))
        if (found := selectors.facts_of(version)) is None:
            raise NotFound(what="facts of this version yet")
        return Response(own.FactsSerializer(found).data)

    @extend_schema(
        summary="Retire a version", request=own.RetireSerializer, responses=shapes.VersionSerializer
    )
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """Take it out of use; 409 while an environment or a release holds it.

        Needs the maintainer role. With `clean_up` a job removes its files afterwards.
        """
        version = access.version(self.user, int(pk), Role.MAINTAINER)
        given = _given(own.RetireSerializer, request)
        services.retire_version(version=version, by=self.user, **given)
        return self._answer(version)

    @extend_schema(
        summary="Take back a version's retirement", request=None, responses=shapes.VersionSerializer
    )
    @action(detail=True, methods=["post"])
    def reinstate(self, request: Request, pk: str) -> Response:
        """Let it be promoted again. Needs the maintainer role."""
        version = access.version(self.user, int(pk), Role.MAINTAINER)
        services.reinstate(row=version, by=self.user)
        return self._answer(version)

    def _answer(self, version: ModelVersion) -> Response:
        shown = self.get_queryset().get(pk=version.pk)
        return Response(self.get_serializer(shown).data)


def _given(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    wanted = shape(data=request.data)
    wanted.is_valid(raise_exception=True)
    return dict(wanted.validated_data)


def _people(given: dict[str, Any]) -> dict[str, Any]:
    """The changes with accounts in the place of names."""
    found: dict[str, Any] = {
        field: given[field] and projects.account(given[field], field=field)
        for field in ("owner", "deputy")
        if field in given
    }
    return {**given, **found}
