from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.jobs import JobSerializer
from apps.core.api.viewsets import PortalView
from apps.models import selectors, services
from apps.models.choices import ImportSource
from apps.projects import access as projects

EXAMPLE = OpenApiExample(
    "A model from the hub",
    value={"project": "fraud", "repo": "distilbert/distilbert-base-uncased", "revision": "main"},
    request_only=True,
)


class Pattern(serializers.CharField):
    """A pattern of file names."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, **kwargs)


class ImportSerializer(serializers.Serializer[Any]):
    """What to bring in: a repository of the hub, or a folder of the server."""

    project = serializers.SlugField(max_length=60)
    repo = serializers.CharField(
        max_length=500, required=False, help_text="owner/name on the hub; else name a folder."
    )
    folder = serializers.CharField(
        max_length=500, required=False, help_text="A path below a folder of IMPORT_ROOTS."
    )
    revision = serializers.CharField(
        max_length=200, required=False, help_text="Branch, tag or commit; main where absent."
    )
    name = serializers.CharField(
        max_length=256, required=False, help_text="Of the model; else the repository's last part."
    )
    allow = serializers.ListField(child=Pattern(), max_length=50, required=False)
    deny = serializers.ListField(child=Pattern(), max_length=50, required=False)
    pickles = serializers.BooleanField(
        default=False, help_text="Take files too that run code when they are loaded."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("repo")) == bool(attrs.get("folder")):
            raise serializers.ValidationError({"repo": "Name a repo or a folder, one of the two."})
        return attrs


@extend_schema(tags=["models"])
class ImportView(PortalView):
    """Models from outside."""

    @extend_schema(
        operation_id="models_import_create",
        summary="Import a model",
        request=ImportSerializer,
        responses={202: JobSerializer},
        examples=[EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        """Bring a model in as a version, pinned to its commit, by a job. Needs the contributor role.

        One repository at one commit becomes one version of a project, however often it is asked for.
        """
        sent = ImportSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        row = services.request_import(
            project=projects.project(self.user, given["project"], Role.CONTRIBUTOR),
            source=ImportSource.FOLDER if given.get("folder") else ImportSource.HUB,
            repo=given.get("folder") or given["repo"],
            revision=given.get("revision", ""),
            name=given.get("name", ""),
            options={name: given[name] for name in ("allow", "deny", "pickles") if name in given},
            by=self.user,
        )
        job = selectors.job_of(row)
        body = JobSerializer(job, context={"request": request}).data
        return Response(body, status.HTTP_202_ACCEPTED)
