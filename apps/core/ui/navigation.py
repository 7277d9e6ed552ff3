"""The rail's entries. Each app registers its own when it is ready; the frame shows what exists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.contrib.auth import get_user_model
from django.db.models import IntegerField, QuerySet, Subquery
from django.urls import NoReverseMatch, reverse

from apps.core.access import Person

Section = Literal["work", "house", "own"]
RAIL: tuple[Section, ...] = ("work", "house")


def _everyone(user: Person) -> bool:
    return True


def _nothing(user: Person) -> int:
    return 0


@dataclass(frozen=True)
class Item:
    """One entry. `count` puts a number beside it, for what waits there; zero shows none."""

    label: str
    icon: str
    url_name: str
    section: Section = "work"
    order: int = 100
    visible: Callable[[Person], bool] = _everyone
    count: Callable[[Person], int] = _nothing
    # The rows that wait there, instead of `count`: those of all entries are counted in one query.
    waiting: Callable[[Person], QuerySet[Any]] | None = None


class _Count(Subquery):
    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


@dataclass(frozen=True)
class Link:
    """An entry as one person sees it on one page."""

    label: str
    icon: str
    url: str
    current: bool
    count: int


_items: dict[str, Item] = {}


def register(item: Item) -> None:
    """Offer an entry to the rail. Registering a url name again replaces its entry."""
    _items[item.url_name] = item


def sections(user: Person, path: str) -> list[list[Link]]:
    """The rail for one person: entries by section, the one that holds `path` marked."""
    return [_links(section, user, path) for section in RAIL]


def own(user: Person, path: str) -> list[Link]:
    """The pages about a person's own account."""
    return _links("own", user, path)


def _links(section: Section, user: Person, path: str) -> list[Link]:
    shown = [
        (item, url)
        for item in _ordered()
        if item.section == section and (url := _url(item)) and item.visible(user)
    ]
    here = max((url for _, url in shown if _holds(url, path)), key=len, default=None)
    counts = _waiting([item for item, _ in shown], user)
    return [
        Link(item.label, item.icon, url, url == here, counts.get(item.url_name) or item.count(user))
        for item, url in shown
    ]


def _waiting(items: Sequence[Item], user: Person) -> dict[str, int]:
    """How much waits behind each entry that has rows, by url name."""
    asked = {item.url_name: item.waiting(user) for item in items if item.waiting}
    if not asked or not user.is_authenticated:
        return {}
    counts = [_Count(rows.order_by().values("pk")) for rows in asked.values()]
    row = get_user_model()._default_manager.filter(pk=user.pk).values_list(*counts).first()
    return dict(zip(asked, row or (), strict=False))


def _ordered() -> Iterable[Item]:
    return sorted(_items.values(), key=lambda item: (item.order, item.label))


def _url(item: Item) -> str | None:
    try:
        return reverse(item.url_name)
    except NoReverseMatch:
        return None


def _holds(url: str, path: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))


for _order, _label, _icon, _name in (
    (10, "Password", "key", "account_change_password"),
    (20, "Second factor", "shield", "mfa_index"),
    (30, "Sessions", "display", "usersessions_list"),
    (40, "Sign-in providers", "link", "socialaccount_connections"),
):
    register(Item(_label, _icon, _name, section="own", order=_order))
