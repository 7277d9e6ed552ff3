"""Lists that sort and page on the server, with the state kept in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.http import HttpRequest, QueryDict

M = TypeVar("M", bound=Model)
PER_PAGE = 50
AFTER, BEFORE, SORT = "after", "before", "sort"
SALT = "portal.cursor"


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page of a list: its rows, how it is sorted, and the cursors of its neighbours."""

    rows: list[M]
    sort: str
    next: str | None
    previous: str | None

    def __bool__(self) -> bool:
        return bool(self.rows)


def page(
    rows: QuerySet[M],
    request: HttpRequest,
    *,
    sorts: Mapping[str, str],
    default: str,
    per_page: int = PER_PAGE,
) -> Page[M]:
    """Sort by `?sort=` (a key of `sorts`, `-` for descending) and cut at `?after=` or `?before=`.

    `sorts` names a field for each word a visitor may sort by. The cursor holds the last row's
    value and key, so a page costs the same wherever it lies, and new rows never shift it.
    """
    sort = _asked(request.GET.get(SORT, ""), sorts, default)
    field, descending = sorts[sort.lstrip("-")], sort.startswith("-")
    backwards = BEFORE in request.GET
    cursor = _read(request.GET.get(BEFORE if backwards else AFTER), sort)
    downwards = descending != backwards
    nullable = _may_be_null(rows.model, field)
    order = _order(field, downwards, nullable)
    found = rows.order_by(order, "-pk" if downwards else "pk")
    if cursor:
        found = found.filter(_beyond(field, cursor, downwards, nullable))
    taken = list(found[: per_page + 1])
    more, shown = len(taken) > per_page, taken[:per_page]
    if backwards:
        shown.reverse()
    return Page(
        rows=shown,
        sort=sort,
        next=_write(shown[-1], field, sort) if shown and (more or backwards) else None,
        previous=_write(shown[0], field, sort)
        if shown and (more if backwards else cursor)
        else None,
    )


def keeping(query: QueryDict, **changes: str | None) -> str:
    """The same address with some of its parameters changed; `None` takes one out."""
    kept = query.copy()
    for name, value in changes.items():
        kept.pop(name, None)
        if value is not None:
            kept[name] = value
    return f"?{kept.urlencode()}"


def _asked(sort: str, sorts: Mapping[str, str], default: str) -> str:
    return sort if sort.removeprefix("-") in sorts else default


def _may_be_null(model: type[Model], field: str) -> bool:
    """Where a column has no NULL, the plain order lets PostgreSQL walk its index."""
    column = next((known for known in model._meta.concrete_fields if known.name == field), None)
    return field != "pk" and (column is None or column.null)


def _order(field: str, downwards: bool, nullable: bool) -> OrderBy:
    if downwards:
        return F(field).desc(nulls_last=nullable or None)
    return F(field).asc(nulls_first=nullable or None)


def _beyond(field: str, cursor: tuple[Any, Any], downwards: bool, nullable: bool) -> Q:
    value, key = cursor
    side = "lt" if downwards else "gt"
    if value is None:
        rest = Q() if downwards else Q(**{f"{field}__isnull": False})
        same = Q(**{f"{field}__isnull": True, f"pk__{side}": key})
        return same if downwards else same | rest
    if not nullable:
        # The first condition alone is what an index can start from.
        tie = Q(**{f"{field}__{side}": value}) | Q(**{f"pk__{side}": key})
        return Q(**{f"{field}__{side}e": value}) & tie
    beyond = Q(**{f"{field}__{side}": value}) | Q(**{field: value, f"pk__{side}": key})
    return beyond | Q(**{f"{field}__isnull": True}) if downwards else beyond


def _write(row: Model, field: str, sort: str) -> str:
    value: Any = row
    for name in field.split("__"):
        value = getattr(value, name) if value is not None else None
    if isinstance(value, datetime | date):
        value = value.isoformat()
    elif isinstance(value, Decimal):
        value = str(value)
    return signing.dumps([sort, value, str(row.pk)], salt=SALT)


def _read(cursor: str | None, sort: str) -> tuple[Any, Any] | None:
    """A cursor that somebody bent, or of another sort, is no cursor: the list starts over."""
    if not cursor:
        return None
    try:
        sorted_by, value, key = signing.loads(cursor, salt=SALT)
    except signing.BadSignature:
        return None
    return (value, key) if sorted_by == sort else None
