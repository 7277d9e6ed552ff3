"""People, teams and settings pages in the Ctrl-K palette."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AbstractUser
from django.urls import reverse

from apps.accounts import selectors
from apps.core import access, palette
from apps.core.palette import Hit

MOST = 5
PAGES = (
    ("Profile", "profile"),
    ("API tokens", "tokens"),
    ("People", "people"),
    ("Teams", "teams"),
    ("Service accounts", "service_accounts"),
    ("Why can somebody see this?", "explain"),
)
ADMIN_PAGES = (("Identity providers", "providers"), ("Leavers and orphans", "orphans"))


@palette.source
def people(user: AbstractUser, words: str) -> Iterable[Hit]:
    """People and service accounts by name."""
    if not words.strip():
        return
    for row in selectors.found(selectors.users(user), words, viewer=user).order_by("username")[
        :MOST
    ]:
        icon = "terminal" if row.is_service else "user"
        yield Hit("People", str(row), row.username, row.get_absolute_url(), icon)


@palette.source
def teams(user: AbstractUser, words: str) -> Iterable[Hit]:
    """Teams by name."""
    plain = words.replace("\x00", "").strip()
    if not plain:
        return
    for team in selectors.teams(user).filter(name__icontains=plain).order_by("name")[:MOST]:
        yield Hit("Teams", team.name, team.slug, team.get_absolute_url(), "people")


@palette.source
def pages(user: AbstractUser, words: str) -> Iterable[Hit]:
    """The settings pages by their titles."""
    wanted = words.strip().casefold()
    known = PAGES + (ADMIN_PAGES if access.is_site_admin(user) else ())
    for title, name in known:
        if wanted and wanted in title.casefold():
            yield Hit("Settings", title, "", reverse(f"accounts:{name}"), "settings")
