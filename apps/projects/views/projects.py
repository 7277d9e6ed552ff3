from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.projects import access, overview, selectors, services
from apps.projects.forms import (
    DeputyForm,
    HandOverForm,
    NewProjectForm,
    ProjectFilterForm,
    ProjectForm,
)
from apps.projects.models import Project
from apps.projects.views import frame

SORTS = {"name": "name", "criticality": "criticality", "created": "created_at"}


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """Every project the person may see."""
    form = ProjectFilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    found = selectors.projects(
        request.user, words=wanted.get("q", ""), archived=wanted.get("state") == "archived"
    )
    listing = tables.page(found, request, sorts=SORTS, default="name")
    context = {"listing": listing, "form": form, "filtered": any(wanted.values())}
    return render(request, "projects/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """Open a project; who opens it owns it."""
    access.require_creator(request.user)
    form = NewProjectForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return redirect(services.create_project(by=request.user, **form.cleaned_data))
        except PortalError as error:
            form.refuse(error)
    return render(request, "projects/new.html", {"form": form}, status=frame.status_of(form))


@login_required
@require_GET
def project(request: UserRequest, slug: str) -> HttpResponse:
    """One project's home: what each room says about it."""
    found = access.project(request.user, slug)
    return frame.show(
        request,
        "project",
        found,
        panels=overview.panels(request.user, found),
        environments=selectors.environments_with_freezes(found),
    )


@login_required
@require_http_methods(["GET", "POST"])
def settings(request: UserRequest, slug: str) -> HttpResponse:
    """What the project is called and for, and the danger zone. For its owners."""
    found = access.project(request.user, slug, Role.OWNER)
    form = ProjectForm(request.POST if request.method == "POST" else None, initial=_initial(found))
    if form.is_valid():
        try:
            services.edit_project(project=found, by=request.user, **form.cleaned_data)
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved.")
            return redirect("projects:settings", found.slug)
    return _settings(request, found, form=form)


@login_required
@require_POST
def hand_over(request: UserRequest, slug: str) -> HttpResponse:
    found = access.project(request.user, slug, Role.OWNER)
    form = HandOverForm(request.POST)
    if form.is_valid() and form.account:
        try:
            services.hand_over(project=found, to=form.account, by=request.user)
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{found.name} now belongs to {form.account}.")
            return redirect("projects:members", found.slug)
    return _settings(request, found, hand_over=form)


@login_required
@require_POST
def deputy(request: UserRequest, slug: str) -> HttpResponse:
    found = access.project(request.user, slug, Role.OWNER)
    form = DeputyForm(request.POST)
    if form.is_valid():
        try:
            services.name_deputy(project=found, deputy=form.account, by=request.user)
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved.")
            return redirect("projects:settings", found.slug)
    return _settings(request, found, deputy=form)


@login_required
@require_POST
def archive(request: UserRequest, slug: str) -> HttpResponse:
    found = access.project(request.user, slug, Role.OWNER)
    services.archive_project(project=found, by=request.user)
    messages.success(request, f"{found.name} is archived. You can bring it back in its settings.")
    return redirect("projects:list")


@login_required
@require_POST
def unarchive(request: UserRequest, slug: str) -> HttpResponse:
    found = access.project(request.user, slug, Role.OWNER)
    services.unarchive_project(project=found, by=request.user)
    messages.success(request, f"{found.name} is back.")
    return redirect(found)


def _initial(found: Project) -> dict[str, str]:
    return {"name": found.name, "purpose": found.purpose, "criticality": found.criticality}


def _settings(
    request: UserRequest,
    found: Project,
    *,
    form: ProjectForm | None = None,
    hand_over: HandOverForm | None = None,
    deputy: DeputyForm | None = None,
) -> HttpResponse:
    """The page of settings, with the one form that came back."""
    sent = [each for each in (form, hand_over, deputy) if each is not None]
    name = found.deputy.username if found.deputy else ""
    return frame.show(
        request,
        "settings",
        found,
        status=max(frame.status_of(each) for each in sent),
        form=form or ProjectForm(initial=_initial(found)),
        hand_over_form=hand_over or HandOverForm(),
        deputy_form=deputy or DeputyForm(initial={"deputy": name}),
        suggested=selectors.suggestions(request.user),
    )
