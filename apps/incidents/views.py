from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Role
from apps.core.errors import Invalid, PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.incidents import access, selectors, services, shown, tickets
from apps.incidents.forms import IncidentFilterForm, NewIncidentForm, NewNoteForm, ResolveForm
from apps.projects import selectors as projects

SORTS = {"opened": "opened_at", "state": "state", "number": "number"}


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """What is wrong with models in production, as far as the person may see."""
    form = IncidentFilterForm(request.GET, user=request.user)
    asked = form.cleaned_data if form.is_valid() else {}
    found = selectors.narrowed(request.user, **asked)
    context = {
        "listing": tables.page(found, request, sorts=SORTS, default="-opened"),
        "form": form,
        "narrowed": any(asked.values()),
        "may_open": projects.held(request.user, Role.RESPONDER).exists(),
    }
    return render(request, "incidents/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """Open an incident that no monitor has seen."""
    form = NewIncidentForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        return redirect(services.open_by_hand(by=request.user, **form.cleaned_data))
    may_open = projects.held(request.user, Role.RESPONDER).exists()
    status = 422 if form.is_bound else 200
    return render(
        request, "incidents/new.html", {"form": form, "may_open": may_open}, status=status
    )


@login_required
@require_GET
def incident(request: UserRequest, pk: int) -> HttpResponse:
    """One incident: its state, what code found out, and what people did."""
    row = access.incident(request.user, pk)
    context = shown.page(request.user, row, request.GET.get("kind", ""))
    return render(request, "incidents/incident.html", context)


@login_required
@require_GET
def state(request: UserRequest, pk: int) -> HttpResponse:
    """The part of the page that changes by itself."""
    row = access.incident(request.user, pk)
    context = shown.state(request.user, row, request.GET.get("kind", ""))
    return render(request, "incidents/_state.html", context)


@login_required
@require_POST
def acknowledge(request: UserRequest, pk: int) -> HttpResponse:
    """Say that somebody is on it."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    try:
        services.acknowledge(incident=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(row)


@login_required
@require_POST
def acknowledge_chosen(request: UserRequest) -> HttpResponse:
    """Say that one is on those that were ticked, where they still wait for somebody."""
    chosen = selectors.chosen(request.user, request.POST.getlist("incident"))
    done = services.acknowledge_all(incidents=chosen, by=request.user)
    messages.success(
        request, f"{done} {'incident is' if done == 1 else 'incidents are'} acknowledged."
    )
    return redirect("incidents:list")


@login_required
@require_POST
def resolve(request: UserRequest, pk: int) -> HttpResponse:
    """End an incident, with the reason."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    form = ResolveForm(request.POST)
    if form.is_valid():
        try:
            services.resolve(incident=row, by=request.user, **form.cleaned_data)
        except PortalError as error:
            messages.error(request, str(error))
        return redirect(row)
    context = shown.page(request.user, row) | {"resolve_form": form}
    return render(request, "incidents/incident.html", context, status=422)


@login_required
@require_POST
def note(request: UserRequest, pk: int) -> HttpResponse:
    """Write something down."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    form = NewNoteForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            services.add_note(incident=row, by=request.user, **form.cleaned_data)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return redirect(row)
    context = shown.page(request.user, row) | {"note_form": form}
    return render(request, "incidents/incident.html", context, status=422)


@login_required
@require_GET
def picture(request: UserRequest, pk: int) -> HttpResponse:
    """A picture of a note: shown as what it was when it was taken in, and as nothing else."""
    row = access.picture(request.user, pk)
    answer = HttpResponse(bytes(row.content), content_type=row.media_type)
    answer["Content-Disposition"] = f'inline; filename="{row.pk}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@login_required
@require_POST
def open_ticket(request: UserRequest, pk: int) -> HttpResponse:
    """Have a ticket in the project's tracker; the second click is the same ticket."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    try:
        tickets.link_ticket(incident=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The ticket is being opened.")
    return redirect(row)
