"""Lists that sort, filter and page on the server."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms import BaseForm
from django.template import Context

from apps.core.ui import tables
from apps.core.ui.blocks import Values

register = template.Library()


@register.inclusion_tag("ui/sort_header.html", takes_context=True)
def sort_header(
    context: Context, label: str, name: str, css: str = "", default: str = ""
) -> Values:
    """The head of a column that sorts the list on the server. `default` is the list's own order."""
    query = context["request"].GET
    current = query.get(tables.SORT, default)
    sorted_by, descending = current.lstrip("-") == name, current.startswith("-")
    target = name if not sorted_by or descending else f"-{name}"
    return {
        "label": label,
        "css": css,
        "url": tables.keeping(
            query, **{tables.SORT: target, tables.AFTER: None, tables.BEFORE: None}
        ),
        "order": ("descending" if descending else "ascending") if sorted_by else "",
    }


@register.inclusion_tag("ui/pager.html", takes_context=True)
def pager(context: Context, page: tables.Page[Any], what: str = "rows") -> Values:
    """Older and newer, by cursor."""
    query = context["request"].GET

    def address(name: str, cursor: str | None) -> str:
        changes = {tables.AFTER: None, tables.BEFORE: None, name: cursor}
        return tables.keeping(query, **changes) if cursor else ""

    return {
        "shown": _counted(len(page.rows), what),
        "what": what,
        "next": address(tables.AFTER, page.next),
        "previous": address(tables.BEFORE, page.previous),
    }


def _counted(count: int, what: str) -> str:
    """`1 model`, `2 models`, `1 entry`, `1 person`."""
    if count != 1:
        return f"{count} {what}"
    if what == "people":
        return "1 person"
    return f"1 {what[:-3]}y" if what.endswith("ies") else f"1 {what.removesuffix('s')}"


@register.simple_tag(takes_context=True)
def keep(context: Context, **changes: Any) -> str:
    """This page's address with some parameters changed: `{% keep state="open" after=None %}`."""
    return tables.keeping(
        context["request"].GET,
        **{name: None if value is None else str(value) for name, value in changes.items()},
    )


@register.inclusion_tag("ui/filters.html", takes_context=True)
def filters(context: Context, form: BaseForm, target: str = "", keep: str = "") -> Values:
    """A filter form over a list; its state lives in the address. With a `target` only that part is fetched.

    What stands in the address under a name of `keep` stays there."""
    query = context["request"].GET
    names = {bound.html_name for bound in form}
    staying = [tables.SORT, *keep.split()]
    return {
        "form": form,
        "target": target,
        "path": context["request"].path,
        "active": any(query.get(name) for name in names),
        "kept": [(name, each) for name in staying for each in query.getlist(name)],
    }
