from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.projects import selectors
from apps.projects.models import Project

COOKIE = "project"


def switcher(request: HttpRequest) -> dict[str, Any]:
    """The projects of the frame's switcher, and the one the person works in, when shown."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    projects = SimpleLazyObject(lambda: selectors.switcher(user))
    slug = request.COOKIES.get(COOKIE, "")
    current = SimpleLazyObject(lambda: _named(projects, slug))
    return {"switcher_projects": projects, "switcher_current": current}


def _named(projects: Any, slug: str) -> Project | None:
    return next((project for project in projects if project.slug == slug), None)
