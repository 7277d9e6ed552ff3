"""Pages of schedules: who is on call, rotations, overrides, calendars."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.models import User
from apps.core.access import Role
from apps.core.errors import NotFound, PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.incidents import access as incidents
from apps.incidents import oncall_shown as shown
from apps.incidents.oncall import access, feeds, health, paging, schedules, selectors
from apps.incidents.oncall_forms import (
    CalendarForm,
    LayerForm,
    MonthForm,
    NewScheduleForm,
    OverrideForm,
    ScheduleForm,
    of_layer,
)
from apps.projects import selectors as projects

SORTS = {"name": "name", "project": "project__name"}


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """Who is on call now and next, wherever the person may look, and their own shifts."""
    assert isinstance(request.user, User)
    listing = tables.page(selectors.schedules(request.user), request, sorts=SORTS, default="name")
    now = timezone.now()
    context = {
        "listing": listing,
        "standings": selectors.standings(listing.rows, now),
        "mine": selectors.shifts_of(request.user, now, now + selectors.AHEAD)[:10],
        "paged": selectors.paged(request.user)[:20],
        "stands_still": health.stands_still(),
        "may_make": projects.held(request.user, Role.MAINTAINER).exists(),
    }
    return render(request, "incidents/oncall/index.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """A schedule of a project; its first rotation is asked for next."""
    form = NewScheduleForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        try:
            made = schedules.create_schedule(by=request.user, **form.cleaned_data)
            return redirect("incidents:new_layer", made.pk)
        except PortalError as error:
            form.refuse(error)
    may_make = projects.held(request.user, Role.MAINTAINER).exists()
    context = {"form": form, "may_make": may_make}
    status = 422 if form.is_bound else 200
    return render(request, "incidents/oncall/new.html", context, status=status)


@login_required
@require_GET
def schedule(request: UserRequest, pk: int) -> HttpResponse:
    """One schedule, with the calendar of a month."""
    row = access.schedule(request.user, pk)
    context = shown.page(request.user, row, MonthForm(request.GET))
    return render(request, "incidents/oncall/schedule.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: UserRequest, pk: int) -> HttpResponse:
    """Another name or zone."""
    row = access.schedule(request.user, pk, Role.MAINTAINER)
    initial = {"name": row.name, "zone": row.zone}
    form = ScheduleForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            return redirect(
                schedules.change_schedule(schedule=row, by=request.user, **form.cleaned_data)
            )
        except PortalError as error:
            form.refuse(error)
    context = {"schedule": row, "form": form, "title": "Name and zone", "submit": "Save"}
    return _form(request, context)


@login_required
@require_POST
def remove(request: UserRequest, pk: int) -> HttpResponse:
    """Take a schedule away."""
    row = access.schedule(request.user, pk, Role.MAINTAINER)
    try:
        schedules.remove_schedule(schedule=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
        return redirect(row)
    messages.success(request, f"The schedule {row.name} is gone.")
    return redirect("incidents:oncall")


@login_required
@require_http_methods(["GET", "POST"])
def new_layer(request: UserRequest, pk: int) -> HttpResponse:
    """One more rotation, above the others."""
    row = access.schedule(request.user, pk, Role.MAINTAINER)
    sent = request.POST if request.method == "POST" else None
    form = LayerForm(sent, schedule=row, initial={"starts_on": timezone.localdate()})
    if form.is_valid():
        try:
            schedules.add_layer(schedule=row, shape=form.shape, by=request.user)
            return redirect(row)
        except PortalError as error:
            form.refuse(error)
    context = {"schedule": row, "form": form, "title": "New rotation", "submit": "Add the rotation"}
    return _form(request, context)


@login_required
@require_http_methods(["GET", "POST"])
def layer(request: UserRequest, pk: int) -> HttpResponse:
    """Change a rotation."""
    row = access.layer(request.user, pk, Role.MAINTAINER)
    form = of_layer(row, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            schedules.change_layer(layer=row, shape=form.shape, by=request.user)
            return redirect(row.schedule)
        except PortalError as error:
            form.refuse(error)
    context = {"schedule": row.schedule, "form": form, "title": row.name, "submit": "Save"}
    return _form(request, context)


@login_required
@require_POST
def raise_layer(request: UserRequest, pk: int) -> HttpResponse:
    """Let a rotation count before the one above it."""
    row = access.layer(request.user, pk, Role.MAINTAINER)
    schedules.raise_layer(layer=row, by=request.user)
    return redirect(row.schedule)


@login_required
@require_POST
def remove_layer(request: UserRequest, pk: int) -> HttpResponse:
    """Take a rotation away."""
    row = access.layer(request.user, pk, Role.MAINTAINER)
    schedules.remove_layer(layer=row, by=request.user)
    messages.success(request, f"The rotation {row.name} is gone.")
    return redirect(row.schedule)


@login_required
@require_POST
def override(request: UserRequest, pk: int) -> HttpResponse:
    """Put somebody on call for a while."""
    row = access.schedule(request.user, pk, Role.RESPONDER)
    form = OverrideForm(request.POST, schedule=row, by=request.user)
    if form.is_valid():
        try:
            schedules.add_override(schedule=row, by=request.user, **form.cleaned_data)
            return redirect(row)
        except PortalError as error:
            form.refuse(error)
    context = {"schedule": row, "form": form, "title": "Override", "submit": "Put on call"}
    return _form(request, context)


@login_required
@require_POST
def remove_override(request: UserRequest, pk: int) -> HttpResponse:
    """Let the rotations decide again."""
    row = access.override(request.user, pk, Role.RESPONDER)
    try:
        schedules.remove_override(override=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(row.schedule)


@login_required
@require_http_methods(["GET", "POST"])
def new_calendar(request: UserRequest, pk: int) -> HttpResponse:
    """Take shifts from a calendar."""
    row = access.schedule(request.user, pk, Role.MAINTAINER)
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = CalendarForm(*sent)
    if form.is_valid():
        try:
            return _take(request, row.pk, form)
        except PortalError as error:
            form.refuse(error)
    context = {"schedule": row, "form": form, "title": "Calendar", "submit": "Take its shifts"}
    return _form(request, context)


def _take(request: UserRequest, pk: int, form: CalendarForm) -> HttpResponse:
    row = access.schedule(request.user, pk, Role.MAINTAINER)
    given = form.cleaned_data
    if given["address"]:
        feeds.add_address(
            schedule=row, name=given["name"], address=given["address"], by=request.user
        )
        messages.success(request, "The calendar is being read.")
    else:
        _, taken = feeds.add_file(schedule=row, name=given["name"], text=form.text, by=request.user)
        said = f"{taken.shifts} shifts taken, {len(taken.unmatched)} events left out."
        messages.success(request, said)
    return redirect(row)


@login_required
@require_POST
def read_calendar(request: UserRequest, pk: int) -> HttpResponse:
    """Read a calendar again, now."""
    row = access.source(request.user, pk, Role.MAINTAINER)
    feeds.read_soon(row)
    messages.success(request, "The calendar is being read.")
    return redirect(row.schedule)


@login_required
@require_POST
def remove_calendar(request: UserRequest, pk: int) -> HttpResponse:
    """Take a calendar away, with its shifts."""
    row = access.source(request.user, pk, Role.MAINTAINER)
    feeds.remove_source(source=row, by=request.user)
    return redirect(row.schedule)


@require_GET
def calendar(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar behind a secret address, for a calendar program."""
    if (link := schedules.link_of(secret)) is None:
        raise NotFound(what="calendar")
    now = timezone.now()
    text = feeds.written(link, now)
    feeds.note_use(link, now)
    return HttpResponse(text, content_type="text/calendar; charset=utf-8")


@login_required
@require_POST
def page_next(request: UserRequest, pk: int) -> HttpResponse:
    """Send the next step now."""
    row = incidents.incident(request.user, pk, Role.RESPONDER)
    try:
        paging.page_the_next(incident=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The next step is being paged.")
    return redirect(row)


@login_required
@require_GET
def panel(request: UserRequest, pk: int) -> HttpResponse:
    """The part of an incident's page about paging, which changes by itself."""
    row = incidents.incident(request.user, pk)
    return render(request, "incidents/oncall/_panel.html", shown.panel(request.user, row))


def _form(request: UserRequest, context: dict[str, object]) -> HttpResponse:
    form = context["form"]
    status = 422 if getattr(form, "is_bound", False) else 200
    return render(request, "incidents/oncall/form.html", context, status=status)
