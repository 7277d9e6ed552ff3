"""Pages of tickets: the sync doctor of a connection, its mapping, conflicts and dead letters."""

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
from apps.incidents import access, tickets
from apps.incidents.ticket_forms import MappingForm, SettleForm
from apps.incidents.tickets import doctor
from apps.incidents.tickets.mapping import mapping_of

SORTS = {"seen": "seen_at", "opened": "created_at"}


@login_required
@require_GET
def trackers(request: UserRequest) -> HttpResponse:
    """The trackers and pagers of the person's projects, with how many tickets need somebody."""
    found = doctor.trackers(request.user)
    context = {"listing": tables.page(found, request, sorts={"name": "name"}, default="name")}
    return render(request, "incidents/tickets/trackers.html", context)


@login_required
@require_GET
def tracker(request: UserRequest, pk: int) -> HttpResponse:
    """The sync doctor: every ticket behind a connection, and what keeps it from being in step."""
    connection = access.tracker(request.user, pk)
    found = doctor.tickets(request.user, connection)
    context = {
        "connection": connection,
        "listing": tables.page(found, request, sorts=SORTS, default="-opened"),
        "conflicts": doctor.conflicts(request.user, connection),
        "figures": doctor.figures(request.user, connection),
        "projects": doctor.projects(request.user, connection),
        "kept": doctor.kept(request.user),
    }
    return render(request, "incidents/tickets/tracker.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def mapping(request: UserRequest, pk: int, slug: str) -> HttpResponse:
    """How a project and a tracker speak of the same things; a preview before it is kept."""
    connection = access.tracker(request.user, pk)
    project = access.mapped_project(request.user, connection, slug)
    now = mapping_of(project.pk, connection.pk)
    form = MappingForm(request.POST if request.method == "POST" else None, mapping=now)
    preview = None
    if form.is_valid():
        try:
            if "preview" not in request.POST:
                tickets.set_mapping(
                    project=project,
                    connection=connection,
                    settings=form.cleaned_data,
                    by=request.user,
                )
                messages.success(request, "The mapping is kept.")
                return redirect("incidents:tracker", connection.pk)
            preview = doctor.preview(project, connection, form.cleaned_data)
        except PortalError as error:
            form.refuse(error)
    context = {"connection": connection, "project": project, "form": form, "preview": preview}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "incidents/tickets/mapping.html", context, status=status)


@login_required
@require_POST
def settle(request: UserRequest, pk: int) -> HttpResponse:
    """Say whose value of a conflict counts."""
    conflict = access.conflict(request.user, pk, Role.MAINTAINER)
    form = SettleForm(request.POST)
    try:
        if form.is_valid():
            tickets.settle(conflict=conflict, keep=form.cleaned_data["keep"], by=request.user)
            messages.success(request, "Settled. The other side follows.")
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("incidents:tracker", conflict.ticket.connection_id)


@login_required
@require_POST
def redeliver(request: UserRequest, pk: int) -> HttpResponse:
    """Try a dead letter again."""
    ticket = access.ticket(request.user, pk, Role.MAINTAINER)
    try:
        tickets.redeliver(ticket=ticket, by=request.user)
        messages.success(request, f"{ticket} is tried again.")
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("incidents:tracker", ticket.connection_id)


@login_required
@require_POST
def alarm(request: UserRequest, pk: int) -> HttpResponse:
    """Have the people on call woken; the second click is the same alarm."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    try:
        tickets.link_alarm(incident=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The people on call are being paged.")
    return redirect(row)
