from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from apps.core.api.paging import NewestFirst
from apps.core.errors import Invalid
from apps.models.models import RunQuerySet
from apps.models.search import listing
from apps.models.search.grammar import read_filter, read_order
from apps.models.search.ordering import Cut, bounds
from apps.models.search.tree import NEWEST

NEXT, PREVIOUS = "n", "p"


class RunPages(NewestFirst):
    """Cursor pages in MLflow's order: `order_by=metrics.accuracy DESC`, newest first without."""

    def piece(
        self, runs: RunQuerySet, request: Request, projects: Sequence[int]
    ) -> tuple[list[int], dict[str, str | None]]:
        """The ids of the runs on the page asked for, and the addresses of its neighbours."""
        terms = read_order(request.query_params.getlist("order_by")) or NEWEST
        start, backwards = None, False
        if given := request.query_params.get(self.cursor_query_param):
            start, backwards = listing.read(given[1:], terms), given[0] == PREVIOUS
            if start is None:
                reason = "it is not one of this list's cursors; follow `next` or start without one"
                raise Invalid(field="cursor", reason=reason)
        clauses = read_filter(request.query_params.get("filter", ""))
        within = bounds(clauses, terms)
        cut = Cut(terms, self.get_page_size(request), start, backwards, within)
        found = listing.piece(runs, cut, projects)
        here = request.build_absolute_uri()
        neighbours = {
            "next": self._address(here, NEXT, found.next),
            "previous": self._address(here, PREVIOUS, found.previous),
        }
        return found.ids, neighbours

    def _address(self, here: str, way: str, cursor: str | None) -> str | None:
        return cursor and replace_query_param(here, self.cursor_query_param, way + cursor)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        order = {
            "name": "order_by",
            "in": "query",
            "required": False,
            "description": "MLflow's order, such as `metrics.accuracy DESC`; may be repeated.",
            "schema": {"type": "array", "items": {"type": "string", "maxLength": 5000}},
        }
        return [*super().get_schema_operation_parameters(view), order]
