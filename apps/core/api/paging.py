from __future__ import annotations

from typing import Any

from django.core import signing
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from apps.core.errors import Invalid


class NewestFirst(CursorPagination):
    """Cursor pages `{next, previous, results}`: a row that arrives meanwhile shifts nothing.

    A cursor is signed for its list and order: a bent or borrowed one never reaches a query.
    """

    ordering = "-id"
    request: Request
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if not (given.isascii() and given.isdigit() and len(given) < 5):
            raise _bad_size(self.max_page_size)
        if not 1 <= int(given) <= self.max_page_size:
            raise _bad_size(self.max_page_size)
        return int(given)

    def decode_cursor(self, request: Request) -> Cursor | None:
        given = request.query_params.get(self.cursor_query_param)
        if given is None:
            return None
        try:
            offset, reverse, position = signing.loads(given, salt=self._salt())
        except signing.BadSignature as error:
            reason = "it is not one of this list's cursors; follow `next` or start without one"
            raise Invalid(field="cursor", reason=reason) from error
        return Cursor(offset=offset, reverse=reverse, position=position)

    def encode_cursor(self, cursor: Cursor) -> str:
        assert self.base_url is not None
        packed = signing.dumps(list(cursor), salt=self._salt())
        return replace_query_param(self.base_url, self.cursor_query_param, packed)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "The place in the list: taken from `next` or `previous`.",
                "schema": {"type": "string"},
            },
            {
                "name": "page_size",
                "in": "query",
                "required": False,
                "description": "How many results at once.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_page_size,
                    "default": self.page_size,
                },
            },
        ]

    def _salt(self) -> str:
        return f"api.cursor:{self.request.path}:{','.join(self.ordering)}"


def _bad_size(most: int) -> Invalid:
    return Invalid(field="page_size", reason=f"a whole number from 1 to {most}")
