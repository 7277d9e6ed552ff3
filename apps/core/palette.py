"""What the Ctrl-K palette and the project switcher find. Each app offers its own sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser

from apps.core import job_selectors
from apps.core.ui import navigation

MOST = 5


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the palette."""

    group: str
    title: str
    hint: str
    url: str
    icon: str


Source = Callable[[AbstractUser, str], Iterable[Hit]]
_sources: list[Source] = []


def source(find: Source) -> Source:
    """Offer hits: `find(user, words)` answers only what the person may see, at most a handful."""
    _sources.append(find)
    return find


def search(user: AbstractUser, words: str) -> list[Hit]:
    """The hits of every source; the database knows no NUL, so neither do the words."""
    clean = words.replace("\x00", "").strip()
    return [hit for find in _sources for hit in find(user, clean)]


@source
def pages(user: AbstractUser, words: str) -> Iterable[Hit]:
    """The pages of the rail, and of a person's own account."""
    rail = (link for section in navigation.sections(user, "") for link in section)
    for link in (*rail, *navigation.own(user, "")):
        if words.lower() in link.label.lower():
            yield Hit("Pages", link.label, "", link.url, link.icon)


@source
def jobs(user: AbstractUser, words: str) -> Iterable[Hit]:
    """Jobs by id or kind, the newest first."""
    for job in job_selectors.found(user, words)[:MOST]:
        yield Hit("Jobs", str(job), job.get_state_display(), job.get_absolute_url(), "job")
