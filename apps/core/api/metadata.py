from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module through the settings


class PlainMetadata(BaseMetadata):
    """OPTIONS names the methods; the OpenAPI document says the rest."""

    def determine_metadata(self, request: Request, view: APIView) -> dict[str, Any]:
        return {"methods": view.allowed_methods, "schema": "/api/v1/schema/"}
