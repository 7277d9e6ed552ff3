"""The status page: read by stakeholders, arranged by maintainers, written by responders."""

from __future__ import annotations

from django.conf import settings as django
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Role, allows
from apps.core.errors import NotFound, PortalError
from apps.core.typing import UserRequest
from apps.incidents import access, status
from apps.incidents.models import Publication, StatusPage
from apps.incidents.status import reading
from apps.incidents.status_forms import ComponentForm, PublishForm, StatusTitleForm, UpdateForm
from apps.projects import access as projects

SETTINGS = "incidents/status/settings.html"


@require_GET
@never_cache
def public(request: HttpRequest, token: str) -> HttpResponse:
    """What anybody who holds the address may read."""
    if (page := reading.by_token(token)) is None:
        raise NotFound(what="status page")
    answer = render(request, "incidents/status/public.html", {"shown": reading.shown(page)})
    # The address is a secret: it goes neither into indexes nor into referrers.
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


@login_required
@require_GET
def page(request: UserRequest, slug: str) -> HttpResponse:
    """The status page as people of the project see it."""
    project = projects.project(request.user, slug)
    row = StatusPage.objects.filter(project=project).first()
    context = {
        "project": project,
        "shown": reading.shown(row) if row else None,
        "may_arrange": allows(request.user, project.pk, Role.MAINTAINER),
    }
    return render(request, "incidents/status/page.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def settings(request: UserRequest, slug: str) -> HttpResponse:
    """What the page is called and what stands on it."""
    project = projects.project(request.user, slug, Role.MAINTAINER)
    row = StatusPage.objects.filter(project=project).first()
    start = {"title": row.title if row else f"{project.name} status"}
    form = StatusTitleForm(request.POST if request.method == "POST" else None, initial=start)
    if form.is_valid():
        status.arrange(project=project, by=request.user, **form.cleaned_data)
        return redirect("incidents:status_settings", slug)
    context = _settings(request, slug) | {"form": form}
    return render(request, SETTINGS, context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def component(request: UserRequest, slug: str) -> HttpResponse:
    """Show a deployment under a name that stakeholders know."""
    row = access.status_page(request.user, slug, Role.MAINTAINER)
    form = ComponentForm(request.POST, user=request.user, project=row.project)
    if form.is_valid():
        try:
            status.add_component(page=row, by=request.user, **form.cleaned_data)
            return redirect("incidents:status_settings", slug)
        except PortalError as error:
            form.refuse(error)
    context = _settings(request, slug) | {"component_form": form}
    return render(request, SETTINGS, context, status=422)


@login_required
@require_POST
def remove(request: UserRequest, slug: str, pk: int) -> HttpResponse:
    """Take a component off the page."""
    row = access.status_page(request.user, slug, Role.MAINTAINER)
    status.remove_component(page=row, pk=pk, by=request.user)
    return redirect("incidents:status_settings", slug)


@login_required
@require_POST
@never_cache
def address(request: UserRequest, slug: str) -> HttpResponse:
    """A fresh public address, shown this once."""
    row = access.status_page(request.user, slug, Role.MAINTAINER)
    token = status.rotate_address(page=row, by=request.user)
    made = f"{django.PUBLIC_URL}{reverse('status', args=[token])}"
    return render(request, SETTINGS, _settings(request, slug) | {"made": made})


@login_required
@require_POST
def close(request: UserRequest, slug: str) -> HttpResponse:
    """Let nobody open the page without an account."""
    row = access.status_page(request.user, slug, Role.MAINTAINER)
    status.close_address(page=row, by=request.user)
    messages.success(request, "The public address is closed.")
    return redirect("incidents:status_settings", slug)


@login_required
@require_http_methods(["GET", "POST"])
def publish(request: UserRequest, pk: int) -> HttpResponse:
    """Put an incident on the status page, in words for stakeholders."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    found = Publication.objects.filter(incident=row).first()
    if found is not None:
        context = {"incident": row, "publication": found, "form": UpdateForm()}
        return render(request, "incidents/status/publish.html", context)
    page_row = StatusPage.objects.filter(project_id=row.project_id).first()
    if page_row is None:
        return render(request, "incidents/status/publish.html", {"incident": row, "none": True})
    form = PublishForm(request.POST if request.method == "POST" else None, page=page_row)
    if form.is_valid():
        told = status.Told(**form.cleaned_data)
        status.publish(incident=row, page=page_row, told=told, by=request.user)
        return redirect("incidents:publish", pk)
    context = {"incident": row, "form": form, "publication": None}
    code = 422 if form.is_bound else 200
    return render(request, "incidents/status/publish.html", context, status=code)


@login_required
@require_POST
def update(request: UserRequest, pk: int) -> HttpResponse:
    """Tell stakeholders how it goes on."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    if (found := Publication.objects.filter(incident=row).first()) is None:
        raise NotFound(what="publication")
    form = UpdateForm(request.POST)
    if form.is_valid():
        status.update(publication=found, by=request.user, **form.cleaned_data)
        return redirect("incidents:publish", pk)
    context = {"incident": row, "publication": found, "form": form}
    return render(request, "incidents/status/publish.html", context, status=422)


def _settings(request: UserRequest, slug: str) -> dict[str, object]:
    project = projects.project(request.user, slug, Role.MAINTAINER)
    row = StatusPage.objects.filter(project=project).first()
    return {
        "project": project,
        "page": row,
        "components": row.components.select_related("deployment") if row else [],
        "form": StatusTitleForm(initial={"title": row.title if row else f"{project.name} status"}),
        "component_form": ComponentForm(user=request.user, project=project),
    }
