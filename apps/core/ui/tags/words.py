"""States, times, ids and verbs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.ui import agents, numbers, pictures, states, times
from apps.core.ui.blocks import Values

register = template.Library()
register.filter("compact", numbers.compact)
register.filter("size", numbers.size)
register.filter("measured", numbers.measured)
register.filter("percent", numbers.percent)
register.filter("lasting", times.lasting)
register.filter("browser", agents.browser)


@register.filter
def pairs(names: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    """Names with their values. A template's own `.items` finds a value that somebody has called `items`."""
    return list(names.items()) if names else []


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    return pictures.icon(name, label)


@register.simple_tag
def badge(state: object, label: str = "", tone: str = "", icon: str = "") -> SafeString:
    """A state as icon, word and colour."""
    look = states.look(state, label)
    return format_html(
        '<span class="badge" data-tone="{}">{}{}</span>',
        tone or look.tone,
        pictures.icon(icon or look.icon),
        look.word,
    )


@register.simple_tag
def when(moment: datetime | None, none: str = "never") -> SafeString:
    """A relative time with the exact one on hover, in the viewer's zone."""
    if moment is None:
        return format_html('<span class="meta">{}</span>', none)
    return format_html(
        '<time datetime="{}" title="{}" data-when>{}</time>',
        moment.isoformat(),
        times.exact(moment),
        times.relative(moment),
    )


@register.simple_tag
def copy(text: object, label: str = "", what: str = "") -> SafeString:
    """An id that can be copied; `label` shows something shorter."""
    shown = label or str(text)
    return format_html(
        '<button type="button" class="copy" data-copy="{}" title="Copy {}">'
        '<span class="truncate">{}</span>{}</button>',
        text,
        what or text,
        shown,
        pictures.icon("copy", "Copy"),
    )


@register.inclusion_tag("ui/button.html")
def button(
    label: str,
    url: str = "",
    variant: str = "secondary",
    icon: str = "",
    size: str = "",
    type: str = "button",
    disabled: str | bool = "",
    hides_label: bool = False,
    wide: bool = False,
    **attributes: Any,
) -> Values:
    """A verb. Other arguments become attributes: `hx_post="…"`, `data_dialog="…"`; `disabled` may say why."""
    return {
        "label": label,
        "url": url,
        "variant": variant,
        "icon": icon,
        "small": size == "small",
        "type": type,
        "disabled": disabled,
        "hides_label": hides_label,
        "wide": wide,
        "attributes": {name.replace("_", "-"): value for name, value in attributes.items()},
    }


@register.simple_tag
def unknown_since(moment: datetime | None, what: str = "Performance") -> SafeString:
    """ "Performance unknown since …": said instead of an old figure."""
    since = format_html(" since {}", when(moment)) if moment else SafeString("")
    return format_html(
        '<span class="unknown">{}<span>{} unknown{}</span></span>',
        pictures.icon("question"),
        what,
        since,
    )


@register.inclusion_tag("ui/legend.html")
def legend() -> Values:
    return {"states": states.known()}
