"""The OpenAPI document over HTTP. It holds no secret, so generators need no token to fetch it."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.core.errors import Invalid

JSON = (OpenApiJsonRenderer2, OpenApiJsonRenderer)
YAML = (OpenApiYamlRenderer2, OpenApiYamlRenderer)
FORMATS = {"json": JSON, "yaml": YAML}


@cache
def document() -> dict[str, Any]:
    """The document of everything this portal offers; it changes with the code alone."""
    made: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return made


class DocumentView(APIView):
    """The OpenAPI document, JSON unless YAML is asked for by `Accept` or `?format=yaml`."""

    permission_classes = [AllowAny]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        renderer = request.accepted_renderer
        response = HttpResponse(_rendered(renderer.format), content_type=renderer.media_type)
        response["Cache-Control"] = "public, max-age=60"
        return response

    def get_renderers(self) -> list[BaseRenderer]:
        asked = self.request.GET.get("format")
        return [make() for make in FORMATS.get(asked or "", (*JSON, *YAML))]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.query_params.get("format", "json") not in FORMATS:
            raise Invalid(field="format", reason="json or yaml")


@cache
def _rendered(name: str) -> bytes | str:
    make = next(each for each in (*JSON, *YAML) if each.format == name)
    return make().render(document(), renderer_context={})
