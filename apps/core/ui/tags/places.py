"""Blocks that hold other things."""

from __future__ import annotations

from django import template

from apps.core.ui.blocks import Values, block, fresh_id, hold, part

register = template.Library()
register.tag("part", part)
register.tag("hold", hold)


@block(register, "ui/card.html")
def card(title: str = "", meta: str = "", level: int = 2, flush: bool = False) -> Values:
    """Parts: `actions` in its head, `foot`."""
    return {"title": title, "meta": meta, "level": level, "flush": flush}


@block(register, "ui/empty.html")
def empty(title: str, icon: str = "", url: str = "", action: str = "") -> Values:
    """What a place is for while nothing is in it, and the one next step."""
    return {"title": title, "icon": icon, "url": url, "action": action}


@block(register, "ui/notice.html")
def notice(
    title: str, tone: str = "busy", icon: str = "", request_id: str = "", since: object = None
) -> Values:
    """Something to know before reading on: stale, partial, forbidden, failed. Parts: `actions`."""
    usual = {"good": "check-circle", "warn": "warning", "bad": "failed", "idle": "lock"}
    return {
        "title": title,
        "tone": tone,
        "icon": icon or usual.get(tone, "info"),
        "request_id": request_id,
        "since": since,
    }


@block(register, "ui/dialog.html")
def dialog(id: str, title: str, danger: bool = False, wide: bool = False) -> Values:
    """Opened by `data-dialog="id"` on a button. Parts: `actions` beside Cancel."""
    return {"id": id, "title": title, "danger": danger, "wide": wide}


@block(register, "ui/tabs.html")
def tabs(label: str) -> Values:
    return {"label": label}


@register.inclusion_tag("ui/tab.html")
def tab(label: str, url: str, current: object = False, count: int | None = None) -> Values:
    """A link inside `{% tabs %}`; the open tab is part of the address."""
    return {"label": label, "url": url, "current": current, "count": count}


@block(register, "ui/table.html")
def table(caption: str, cards: bool = True, navigable: bool = True) -> Values:
    """Scrolls inside itself; on narrow screens each row reads as a card (cells carry `data-label`)."""
    return {"caption": caption, "cards": cards, "navigable": navigable}


@block(register, "ui/menu.html")
def menu(label: str, icon: str = "more", variant: str = "tool") -> Values:
    """Further verbs behind one button; inside stand `<a>` and `<button>` with class `menu-item`."""
    return {"label": label, "icon": icon, "variant": variant, "id": fresh_id("menu")}
