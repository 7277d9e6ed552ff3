"""What every page inside one project shares."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render

from apps.core.access import Role, role
from apps.core.typing import UserRequest
from apps.projects.context import COOKIE
from apps.projects.models import Project

COOKIE_AGE = 180 * 24 * 3600


def show(
    request: UserRequest, name: str, project: Project, *, status: int = 200, **more: Any
) -> HttpResponse:
    """Render a page of a project, and keep the project as the one the person works in."""
    held = role(request.user, project.pk) or Role.VIEWER
    context = {
        "project": project,
        "role": held,
        "may_maintain": held >= Role.MAINTAINER and not project.is_archived,
        "may_own": held >= Role.OWNER,
        "switcher_current": project,
        f"tab_{name}": True,
        **more,
    }
    response = render(request, f"projects/{name}.html", context, status=status)
    response.set_cookie(
        COOKIE,
        project.slug,
        max_age=COOKIE_AGE,
        samesite="Lax",
        secure=request.is_secure(),
        httponly=True,
    )
    return response


def status_of(form: Form) -> int:
    """422 where a form came back with mistakes."""
    return 422 if form.is_bound else 200
