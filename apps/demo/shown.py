"""What the demo's pages show."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from apps.core import access
from apps.core.access import Person, Role
from apps.core.ui.tables import Page
from apps.demo import selectors, services
from apps.demo.choices import TOPIC
from apps.demo.forms import RateForm, StoryForm
from apps.demo.models import Demo, Story


def state(user: Person) -> dict[str, Any]:
    """What changes by itself: the demo's own state, its traffic, and the newest stories."""
    found = selectors.demo()
    return {
        "topic": TOPIC,
        "demo": found,
        "share": services.share(found) if found else 0,
        "feeds": list(selectors.feeds(user)),
        "stories": list(selectors.stories(user)[:10]),
        "is_running": selectors.is_running(found),
        "is_on": settings.DEMO,
        "runs_it": access.is_site_admin(user),
    }


def page(user: Person) -> dict[str, Any]:
    """The state, and what the person may do about it."""
    seen = state(user)
    found: Demo | None = seen["demo"]
    may_play = selectors.playable(user).exists()
    rate = found.calls_per_minute if found else 6
    return seen | {
        "form": StoryForm(user=user) if may_play and seen["is_running"] else None,
        "rate_form": RateForm(initial={"calls_per_minute": rate}) if seen["runs_it"] else None,
        "people": services.passwords(found) if found and seen["runs_it"] else [],
    }


def story(user: Person, row: Story) -> dict[str, Any]:
    """One story, its stages, and its times."""
    return {
        "topic": TOPIC,
        "story": row,
        "lines": selectors.lines(row),
        "score": selectors.score(row),
        "may_end": row.state == "running" and access.allows(user, row.project_id, Role.RESPONDER),
    }


def scored(listing: Page[Story]) -> list[tuple[Story, selectors.Score]]:
    """The drills of a page, each with its times."""
    return [(row, selectors.score(row)) for row in listing.rows]
