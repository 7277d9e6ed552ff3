"""What a claim stands on: sources, timelines, code, differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.ui import diffs
from apps.core.ui.blocks import Values, fresh_id

register = template.Library()


@register.simple_tag
def citation(n: int, title: str, url: str = "", excerpt: str = "") -> SafeString:
    """The number of a source inside a sentence; with an `excerpt`, a preview on hover and on focus."""
    where = url or f"#source-{n}"
    if not excerpt:
        return format_html(
            '<a class="cite" href="{}" title="{}"><span class="hush">Source </span>{}</a>',
            where,
            title,
            n,
        )
    return format_html(
        '<span class="cite-with"><a class="cite" href="{}" aria-describedby="{}">'
        '<span class="hush">Source </span>{}</a>'
        '<span class="cite-preview" role="tooltip" id="{}"><strong>{}</strong> {}</span></span>',
        where,
        (name := fresh_id("cite")),
        n,
        name,
        title,
        excerpt[:300],
    )


@register.inclusion_tag("ui/source.html")
def source(
    n: int, kind: str, title: str, url: str = "", excerpt: str = "", record: object = ""
) -> Values:
    """What a citation points at, in `<ol class="sources">`."""
    return {
        "n": n,
        "kind": kind,
        "title": title,
        "url": url,
        "excerpt": excerpt,
        "record": record,
    }


@register.inclusion_tag("ui/timeline.html")
def timeline(events: Iterable[Any]) -> Values:
    """Events with `time` and `text`; `tone`, `icon`, `actor`, `detail`, `url` where they have them."""
    return {"events": events}


@register.inclusion_tag("ui/code.html")
def code(text: object, title: str = "", language: str = "", wrap: bool = False) -> Values:
    return {
        "text": diffs.text(text),
        "title": title or language,
        "wrap": wrap,
        "id": fresh_id("code"),
    }


@register.inclusion_tag("ui/diff.html")
def diff(before: Any, after: Any, before_name: str = "Before", after_name: str = "After") -> Values:
    """Two texts or records, line by line."""
    return {
        "lines": diffs.lines(before, after),
        "before_name": before_name,
        "after_name": after_name,
    }


@register.inclusion_tag("ui/compare.html")
def compare(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    before_name: str = "Before",
    after_name: str = "After",
) -> Values:
    """Two records side by side, differences marked."""
    return {
        "rows": diffs.rows(before, after),
        "before_name": before_name,
        "after_name": after_name,
    }
