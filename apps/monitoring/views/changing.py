from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.monitoring import access, services, setting_fields
from apps.monitoring.forms import MonitorForm
from apps.monitoring.looks import kinds
from apps.monitoring.models import Monitor


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: UserRequest, pk: int) -> HttpResponse:
    """Change what a monitor is set to."""
    row = access.monitor(request.user, pk, Role.MAINTAINER)
    form = _form(request, row)
    if request.method == "POST" and form.is_valid():
        changes = form.cleaned_data
        try:
            changed = services.change_monitor(
                monitor=row, changes=changes, by=request.user, as_of=changes.pop("as_of")
            )
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{changed.name} is changed.")
            return redirect(changed)
    status = 422 if form.errors else 200
    return render(request, "monitoring/edit.html", {"monitor": row, "form": form}, status=status)


def _form(request: UserRequest, row: Monitor) -> MonitorForm:
    kind = kinds.of(row.kind)
    plain = {
        name: getattr(row, name)
        for name in ("name", "severity", "window_rows", "every_seconds", "hold_seconds")
    }
    present = {
        **plain, **setting_fields.initial(kinds.settings_of(row)),
        "baseline": row.baseline_id, "runbook": row.runbook_id, "as_of": row.updated_at.isoformat(),
    }  # fmt: skip
    sent = request.POST if request.method == "POST" else None
    return MonitorForm(
        sent, deployment=row.deployment, user=request.user, kind=kind, initial=present
    )
