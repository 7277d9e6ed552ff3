from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.models import selectors, services
from apps.models.hub.preview import Preview, look
from apps.models.import_forms import ImportForm
from apps.models.views.frame import frame
from apps.projects import selectors as projects

MOST = 30


@login_required
@require_http_methods(["GET", "POST"])
def imports(request: UserRequest) -> HttpResponse:
    """Look a model up, then have it brought in by a job."""
    if request.method == "POST":
        return _start(request)
    form = ImportForm(request.GET if "repo" in request.GET else None, user=request.user)
    found = _looked_up(form) if form.is_valid() else None
    return _page(request, form, found, status=422 if form.errors else 200)


def _start(request: UserRequest) -> HttpResponse:
    form = ImportForm(request.POST, user=request.user)
    if form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("project", "source", "repo")}
        more = {name: form.cleaned_data[name] for name in ("revision", "name")}
        try:
            row = services.request_import(
                by=request.user, options=form.options.stored, **given, **more
            )
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{row.repo} is being imported.")
            return redirect(reverse("core:job", args=[row.job_id]))
    return _page(request, form, None, status=422)


def _looked_up(form: ImportForm) -> Preview:
    asked = {name: form.cleaned_data[name] for name in ("project", "source", "repo", "revision")}
    return look(**asked, options=form.options)


def _page(
    request: UserRequest, form: ImportForm, found: Preview | None, *, status: int
) -> HttpResponse:
    context = {
        "form": form,
        "preview": found,
        "imports": selectors.imports(request.user)[:MOST],
        "may_import": projects.held(request.user, Role.CONTRIBUTOR).exists(),
    }
    return render(request, "models/import.html", {**context, **frame(request)}, status=status)
