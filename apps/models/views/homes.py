from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.models import homes, services
from apps.models.home_forms import HomeForm
from apps.models.views.frame import frame
from apps.projects import access as projects


@login_required
@require_safe
def servers(request: UserRequest) -> HttpResponse:
    """On which MLflow server each project lives, and how old what is shown of it is."""
    context = {"places": homes.living(request.user), **frame(request)}
    return render(request, "models/servers.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def server(request: UserRequest, slug: str) -> HttpResponse:
    """Choose the server that one project lives on."""
    project = projects.project(request.user, slug, Role.OWNER)
    place = homes.of(request.user, project)
    posted = request.POST if request.method == "POST" else None
    given = {"connection": place.connection_id}
    form = HomeForm(posted, initial=given, user=request.user, project=project)
    if form.is_valid():
        try:
            services.choose_home(project=project, by=request.user, **form.cleaned_data)
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{project.name} lives there now.")
            return redirect("models:servers")
    context = {"place": place, "form": form, **frame(request)}
    status = 422 if form.is_bound else 200
    return render(request, "models/server.html", context, status=status)
