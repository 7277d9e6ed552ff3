from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.core.typing import UserRequest
from apps.demo import first_hour, services


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """The first steps as a page of their own, also where they are put away."""
    context = {
        "steps": first_hour.steps(request.user),
        "is_hidden": first_hour.is_hidden(request.user),
    }
    return render(request, "demo/first_hour.html", context)


@login_required
@require_POST
def hide(request: UserRequest) -> HttpResponse:
    """Leave the first steps out of one's home page."""
    services.hide_first_hour(by=request.user)
    return redirect("core:home")


@login_required
@require_POST
def show(request: UserRequest) -> HttpResponse:
    """Bring them back."""
    services.show_first_hour(by=request.user)
    return redirect("core:home")
