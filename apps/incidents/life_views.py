"""What people do with an incident beside ending it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.incidents import access, life_shown, services
from apps.incidents.forms import EditNoteForm
from apps.incidents.life_forms import OtherForm, RateForm, ReasonForm, RoleForm, SeverityForm
from apps.incidents.models import Incident
from apps.projects import access as projects


@login_required
@require_GET
def manage(request: UserRequest, pk: int) -> HttpResponse:
    """Severity, roles and other incidents, for those who may act."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    return render(request, "incidents/life/manage.html", life_shown.manage(request.user, row))


@login_required
@require_POST
def mitigate(request: UserRequest, pk: int) -> HttpResponse:
    """Say that it hurts nobody any more."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    return _done(request, row, lambda: services.mitigate(incident=row, by=request.user))


@login_required
@require_POST
def close(request: UserRequest, pk: int) -> HttpResponse:
    """Put a resolved incident away."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    return _done(request, row, lambda: services.close(incident=row, by=request.user))


@login_required
@require_POST
def reopen(request: UserRequest, pk: int) -> HttpResponse:
    """Say that it is not over after all."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say in at most 500 characters why it is not over.")
        return redirect(row)
    reason = form.cleaned_data["reason"]
    return _done(
        request, row, lambda: services.reopen(incident=row, by=request.user, reason=reason)
    )


@login_required
@require_POST
def severity(request: UserRequest, pk: int) -> HttpResponse:
    """Say how bad it is."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    form = SeverityForm(request.POST)
    if not form.is_valid():
        return _again(request, row, severity_form=form)
    chosen = form.cleaned_data["severity"]
    return _done(
        request,
        row,
        lambda: services.set_severity(incident=row, severity=chosen, by=request.user),
    )


@login_required
@require_POST
def role(request: UserRequest, pk: int) -> HttpResponse:
    """Give a role to somebody, or take it back."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    form = RoleForm(request.POST, incident=row)
    if not form.is_valid():
        return _again(request, row, role_form=form)
    given = form.cleaned_data
    return _done(
        request,
        row,
        lambda: services.assign(
            incident=row, part=given["part"], user=given["user"], by=request.user
        ),
    )


@login_required
@require_POST
def merge(request: UserRequest, pk: int) -> HttpResponse:
    """Make this incident part of another."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    form = OtherForm(request.POST)
    if not form.is_valid():
        return _again(request, row, merge_form=form)
    return _with_other(request, row, form, _merge_into)


@login_required
@require_POST
def relate(request: UserRequest, pk: int) -> HttpResponse:
    """Say that this incident has to do with another."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    form = OtherForm(request.POST)
    if not form.is_valid():
        return _again(request, row, relate_form=form)
    return _with_other(request, row, form, _relate_to)


@login_required
@require_POST
def split(request: UserRequest, pk: int, alert: int) -> HttpResponse:
    """Take an alert that gathered here out into an incident of its own."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    found = access.involved(request.user, row, alert)
    try:
        made = services.split(incident=row, alert=found, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
        return redirect(row)
    return redirect(made)


@login_required
@require_http_methods(["GET", "POST"])
def note(request: UserRequest, pk: int) -> HttpResponse:
    """Say one's own note better, with other pictures; what it said is kept."""
    row = access.own_note(request.user, pk)
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    form = EditNoteForm(*given, note=row)
    if form.is_valid():
        try:
            services.edit_note(note=row, by=request.user, **form.cleaned_data)
        except PortalError as refusal:
            form.refuse(refusal)
        else:
            return redirect(row.incident)
    pictures = row.pictures.defer("content")
    context = {"note": row, "incident": row.incident, "form": form, "pictures": pictures}
    status = 422 if form.is_bound else 200
    return render(request, "incidents/life/note.html", context, status=status)


@login_required
@require_GET
def statistics(request: UserRequest) -> HttpResponse:
    """How many incidents there were, how long they took, and whether they came back."""
    return render(request, "incidents/life/statistics.html", life_shown.statistics(request))


@login_required
@require_http_methods(["GET", "POST"])
def rate(request: UserRequest, slug: str) -> HttpResponse:
    """Say what an hour of an incident costs a project."""
    project = projects.project(request.user, slug, Role.MAINTAINER)
    known = getattr(project, "incident_rate", None)
    initial = {"per_hour": known.per_hour, "currency": known.currency} if known else {}
    form = RateForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        services.set_rate(project=project, by=request.user, **form.cleaned_data)
        messages.success(request, "The rate is kept.")
        return redirect("incidents:statistics")
    context = {"form": form, "project": project}
    status = 422 if form.is_bound else 200
    return render(request, "incidents/life/rate.html", context, status=status)


def _merge_into(request: UserRequest, row: Incident, other: Incident) -> object:
    """Merge, as the form asks."""
    return services.merge(incident=row, into=other, by=request.user)


def _relate_to(request: UserRequest, row: Incident, other: Incident) -> object:
    """Relate, as the form asks."""
    return services.relate(incident=row, other=other, by=request.user)


def _with_other(
    request: UserRequest,
    row: Incident,
    form: OtherForm,
    do: Callable[[UserRequest, Incident, Incident], object],
) -> HttpResponse:
    try:
        other = access.numbered(request.user, row, form.cleaned_data["number"])
    except PortalError as error:
        messages.error(request, str(error))
        return redirect("incidents:manage", row.pk)
    return _done(request, row, lambda: do(request, row, other))


def _done(request: UserRequest, row: Incident, do: Callable[[], object]) -> HttpResponse:
    try:
        do()
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(row)


def _again(request: UserRequest, row: Incident, **forms: object) -> HttpResponse:
    context = life_shown.manage(request.user, row) | forms
    return render(request, "incidents/life/manage.html", context, status=422)
