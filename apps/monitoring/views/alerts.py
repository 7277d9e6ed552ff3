from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Role, allows
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.monitoring import access, explaining, selectors, services
from apps.monitoring.alert_forms import AlertFilterForm, AlertNoteForm
from apps.monitoring.alerting import labels
from apps.monitoring.models import Alert

SORTS = {"fired": "fired_at", "seen": "seen_at"}
MOST_NOTIFICATIONS = 20


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """Every alert the person may see, by what they ask for."""
    form = AlertFilterForm(request.GET)
    found = selectors.filtered_alerts(request.user, form.wanted)
    context = {
        "form": form,
        "filtered": any(form.wanted.values()),
        "listing": tables.page(found, request, sorts=SORTS, default="-fired"),
    }
    return render(request, "monitoring/alerts.html", context)


@login_required
@require_POST
def acknowledge_chosen(request: UserRequest) -> HttpResponse:
    """Acknowledge the alerts that were ticked."""
    chosen = selectors.chosen_alerts(request.user, request.POST.getlist("alert"))
    done = services.acknowledge_all(alerts=chosen, by=request.user)
    messages.success(request, f"{done} {'alert is' if done == 1 else 'alerts are'} acknowledged.")
    return redirect("monitoring:alerts")


@login_required
@require_GET
def alert(request: UserRequest, pk: int) -> HttpResponse:
    """One alert: what it saw, what it means, and what became of it."""
    return render(request, "monitoring/alert.html", _page(request, access.alert(request.user, pk)))


@login_required
@require_POST
def acknowledge(request: UserRequest, pk: int) -> HttpResponse:
    """Say that somebody is on it."""
    row = access.alert(request.user, pk, Role.RESPONDER)
    services.acknowledge(alert=row, by=request.user)
    return redirect(row)


@login_required
@require_POST
def unacknowledge(request: UserRequest, pk: int) -> HttpResponse:
    """Take the acknowledgement back."""
    row = access.alert(request.user, pk, Role.RESPONDER)
    services.unacknowledge(alert=row, by=request.user)
    return redirect(row)


@login_required
@require_POST
def mark(request: UserRequest, pk: int) -> HttpResponse:
    """Say whether it was useful, noise, or neither."""
    row = access.alert(request.user, pk, Role.RESPONDER)
    try:
        services.mark(alert=row, value=request.POST.get("mark", ""), by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(row)


@login_required
@require_POST
def note(request: UserRequest, pk: int) -> HttpResponse:
    """Keep a line beside it."""
    row = access.alert(request.user, pk, Role.RESPONDER)
    form = AlertNoteForm(request.POST)
    if not form.is_valid():
        context = _page(request, row) | {"note_form": form}
        return render(request, "monitoring/alert.html", context, status=422)
    services.write_note(alert=row, text=form.cleaned_data["note"], by=request.user)
    return redirect(row)


def _page(request: UserRequest, row: Alert) -> dict[str, Any]:
    told = selectors.notifications(request.user).filter(alert=row)
    return {
        "alert": row,
        "labels": sorted(labels.shown(row).items()),
        "sentences": explaining.explain(row),
        "group": [each for each in selectors.group_of(row) if each.pk != row.pk],
        "notifications": told[:MOST_NOTIFICATIONS],
        "may_respond": allows(request.user, row.project_id, Role.RESPONDER),
        "note_form": AlertNoteForm(initial={"note": row.note}),
    }
