from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.errors import NotFound, PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.integrations import access, catalog, manual, selectors, services
from apps.integrations.catalog import CATALOG, Category
from apps.integrations.forms import ConnectionForm, ScopeForm
from apps.integrations.views import frame

EITHER = ["GET", "POST"]
SORTS = {"name": "name", "system": "slug", "state": "state", "checked": "checked_at"}


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """What is connected, and what could be."""
    found = selectors.connections(request.user)
    listing = tables.page(found, request, sorts=SORTS, default="name")
    groups = [
        (category, [line for line in CATALOG.values() if line.category == category])
        for category in Category
    ]
    context = {"listing": listing, "groups": groups, "adds": selectors.scopes(request.user)}
    return render(request, "integrations/index.html", context)


@login_required
@require_http_methods(EITHER)
def new(request: UserRequest, slug: str) -> HttpResponse:
    """Connect a project, or the whole site, to a system of the catalog."""
    line = catalog.entry(slug)
    data = request.POST if request.method == "POST" else None
    scopes = selectors.scopes(request.user)
    if not scopes:
        raise NotFound(what="project that you maintain")
    scope = ScopeForm(scopes, data or request.GET or None)
    form = ConnectionForm(line.load().config_class, data)
    if scope.is_valid() and form.is_valid():
        try:
            return _made(request, slug, form, scope.cleaned_data["project"])
        except PortalError as error:
            form.refuse(error)
    context = {"entry": line, "form": form, "scope": scope}
    return render(request, "integrations/new.html", context, status=frame.status_of(form))


def _made(request: UserRequest, slug: str, form: ConnectionForm, project: str) -> HttpResponse:
    made = services.create_connection(
        project=access.scope(request.user, project),
        slug=slug,
        name=form.cleaned_data["name"],
        values=form.values,
        secrets=form.secrets,
        by=request.user,
    )
    if made.secret is None:
        return redirect(made.connection)
    return _show_secret(request, made.connection, made.secret)


@login_required
@require_GET
def connection(request: UserRequest, pk: int) -> HttpResponse:
    """One connection: its state, its settings, and for those who keep it everything they can do."""
    found = access.connection(request.user, pk)
    settings = manual.settings(found) if access.keeps(request.user, found) else []
    more: dict[str, Any] = {"settings": settings, "hook_url": frame.hook_url(request, found)}
    return frame.show(request, "connection", found, waiting=selectors.waiting(found), **more)


@login_required
@require_GET
def state(request: UserRequest, pk: int) -> HttpResponse:
    """The part of the page that follows the state."""
    return frame.show(request, "_state", access.connection(request.user, pk))


@login_required
@require_http_methods(EITHER)
def edit(request: UserRequest, pk: int) -> HttpResponse:
    found = access.connection_to_change(request.user, pk)
    form = ConnectionForm(
        found.entry.load().config_class,
        request.POST if request.method == "POST" else None,
        name=found.name,
        values=found.values,
        secrets_set=found.secrets_set,
    )
    if form.is_valid():
        try:
            changed = services.update_connection(
                connection=found,
                by=request.user,
                name=form.cleaned_data["name"],
                values=form.values,
                secrets=form.secrets,
            )
            return redirect(changed)
        except PortalError as error:
            form.refuse(error)
    return frame.show(request, "edit", found, status=frame.status_of(form), form=form)


@login_required
@require_POST
def check(request: UserRequest, pk: int) -> HttpResponse:
    """Test the connection, in a job; the page follows by itself."""
    found = access.connection_to_change(request.user, pk)
    services.request_check(connection=found, by=request.user)
    messages.info(request, f"Asking {found.entry.label}. The state changes here by itself.")
    return redirect(found)


@login_required
@require_POST
def switch(request: UserRequest, pk: int) -> HttpResponse:
    """Enable what rests, disable what works."""
    found = access.connection_to_change(request.user, pk)
    wanted = request.POST.get("enabled") == "1"
    services.set_enabled(connection=found, enabled=wanted, by=request.user)
    return redirect(found)


@login_required
@require_POST
def rotate(request: UserRequest, pk: int) -> HttpResponse:
    """Make a new secret, and show it this once."""
    found = access.connection_to_change(request.user, pk)
    secret = services.rotate_secret(connection=found, by=request.user)
    return _show_secret(request, found, secret)


@login_required
@require_POST
def retire(request: UserRequest, pk: int) -> HttpResponse:
    found = access.connection_to_change(request.user, pk)
    services.retire_previous_secret(connection=found, by=request.user)
    messages.success(request, "The previous secret counts no longer.")
    return redirect(found)


@login_required
@require_POST
def delete(request: UserRequest, pk: int) -> HttpResponse:
    found = access.connection_to_change(request.user, pk)
    services.delete_connection(connection=found, by=request.user)
    messages.success(request, f"{found.name} is removed, with its secrets and deliveries.")
    return redirect("integrations:index")


@login_required
@require_GET
def documentation(request: UserRequest, slug: str) -> HttpResponse:
    """The connector's page of the manual."""
    line = catalog.entry(slug)
    adds = selectors.scopes(request.user)
    context = {"entry": line, "page": manual.page(line), "adds": adds}
    return render(request, "integrations/documentation.html", context)


def _show_secret(request: UserRequest, found: Any, secret: str) -> HttpResponse:
    url = frame.hook_url(request, found)
    return frame.show(request, "secret", found, secret=secret, hook_url=url)
