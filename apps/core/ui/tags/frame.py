"""Tags of the frame: rail, theme, addresses that may not exist."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from apps.core.ui import finders, navigation
from apps.core.ui.blocks import Values

register = template.Library()
THEMES = ("system", "light", "dark")


@register.simple_tag(takes_context=True)
def theme_name(context: Context) -> str:
    """The theme of this visitor, so that the first paint is right."""
    chosen = str(context.get("theme", "system"))
    return chosen if chosen in THEMES else "system"


@register.simple_tag
def zone_name() -> str:
    """The viewer's time zone, for what the browser writes by itself."""
    return timezone.get_current_timezone_name()


@register.inclusion_tag("ui/rail.html", takes_context=True)
def rail(context: Context) -> Values:
    request = context["request"]
    return {"sections": navigation.sections(request.user, request.path)}


@register.simple_tag
def url_if_any(name: str, *args: Any) -> str:
    """The address of a page that may not be installed; empty where it is not."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.simple_tag
def url_if_vendor(name: str) -> str:
    """The address of a vendored file; empty where npm has not installed it."""
    return static(f"{finders.PREFIX}/{name}") if finders.found(name) else ""


@register.inclusion_tag("ui/vendor_styles.html")
def vendor_styles() -> Values:
    """Fonts and the chart library's sheet, as far as they are installed."""
    return {"names": [f"{finders.PREFIX}/{name}" for name in finders.STYLES if finders.found(name)]}


@register.inclusion_tag("ui/own_links.html", takes_context=True)
def own_links(context: Context, css: str = "menu-item") -> Values:
    """The pages about the visitor's own account."""
    request = context["request"]
    return {"links": navigation.own(request.user, request.path), "css": css}


@register.inclusion_tag("ui/crumb.html")
def crumb(label: str, url: str = "") -> Values:
    return {"label": label, "url": url}
