"""Where documents come from: uploads, repositories, and what is shipped."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Role, allows
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.docs import access, selectors, services
from apps.docs.forms import RepositoryForm, ShippedForm, UploadForm
from apps.docs.services import Place
from apps.projects import selectors as projects

SORTS = {"name": "name", "read": "read_at"}


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """Every source the person may see."""
    rows = selectors.sources(request.user)
    context = {
        "listing": tables.page(rows, request, sorts=SORTS, default="name"),
        "may_write": projects.held(request.user, Role.RESPONDER).exists(),
        "may_add": projects.held(request.user, Role.MAINTAINER).exists(),
        "shipped": ShippedForm(user=request.user),
    }
    return render(request, "docs/sources.html", context)


@login_required
@require_GET
def source(request: UserRequest, pk: int) -> HttpResponse:
    """One source, and what its last import did."""
    row = access.source(request.user, pk)
    context = {
        "source": row,
        "may_pull": allows(request.user, row.project_id, Role.RESPONDER),
        "may_pause": allows(request.user, row.project_id, Role.MAINTAINER),
    }
    return render(request, "docs/source.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def upload(request: UserRequest) -> HttpResponse:
    """Take in a zip archive."""
    sent = request.method == "POST"
    form = UploadForm(
        request.POST if sent else None, request.FILES if sent else None, user=request.user
    )
    if form.is_valid():
        values = form.cleaned_data
        archive = values.pop("file")
        try:
            services.import_upload(archive=archive.file, by=request.user, **values)
            return redirect("docs:sources")
        except PortalError as error:
            form.refuse(error)
    may_write = projects.held(request.user, Role.RESPONDER).exists()
    status = 422 if form.is_bound else 200
    return render(
        request, "docs/upload.html", {"form": form, "may_write": may_write}, status=status
    )


@login_required
@require_http_methods(["GET", "POST"])
def repository(request: UserRequest) -> HttpResponse:
    """Take documents from a Git repository from now on."""
    sent = request.POST if request.method == "POST" else None
    form = RepositoryForm(sent, user=request.user)
    if form.is_valid():
        values = form.cleaned_data
        project = values.pop("project")
        try:
            place = Place(**values)
            return redirect(services.add_repository(project=project, place=place, by=request.user))
        except PortalError as error:
            form.refuse(error)
    may_add = projects.held(request.user, Role.MAINTAINER).exists()
    status = 422 if form.is_bound else 200
    return render(
        request, "docs/repository.html", {"form": form, "may_add": may_add}, status=status
    )


@login_required
@require_POST
def shipped(request: UserRequest) -> HttpResponse:
    """Add the guides and runbooks that come with the product to a project."""
    form = ShippedForm(request.POST, user=request.user)
    if not form.is_valid():
        messages.error(request, "Choose a project that you may write in.")
        return redirect("docs:sources")
    report = services.import_shipped(project=form.cleaned_data["project"], by=request.user)
    counts = report.counts()
    messages.success(
        request, f"{counts['written']} written, {counts['revised']} revised, the rest is as it was."
    )
    return redirect("docs:list")


@login_required
@require_POST
def pulling(request: UserRequest, pk: int) -> HttpResponse:
    """Pull a repository by schedule, or not."""
    row = access.source(request.user, pk, Role.MAINTAINER)
    services.set_pulling(source=row, enabled="resume" in request.POST, by=request.user)
    return redirect(row)


@login_required
@require_POST
def pull(request: UserRequest, pk: int) -> HttpResponse:
    """Read a repository now."""
    row = access.source(request.user, pk, Role.RESPONDER)
    services.request_pull(source=row)
    messages.success(request, "The repository is being read.")
    return redirect(row)
