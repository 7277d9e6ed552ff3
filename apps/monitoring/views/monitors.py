from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Role, allows
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.monitoring import access, selectors, services
from apps.monitoring.models import Monitor

SORTS = {"name": "name", "state": "state", "deployment": "deployment__slug"}
MOST_ALERTS = 50
MOST_VERDICTS = 20


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """What watches deployments, and what fires."""
    found = selectors.monitors(request.user)
    context = {
        "firing": selectors.alerts(request.user).firing()[:MOST_ALERTS],
        "listing": tables.page(found, request, sorts=SORTS, default="name"),
    }
    return render(request, "monitoring/list.html", context)


@login_required
@require_GET
def monitor(request: UserRequest, pk: int) -> HttpResponse:
    """One monitor: its state and what its looks saw."""
    row = access.monitor(request.user, pk)
    may_look = row.looks_at_rows and allows(request.user, row.project_id, Role.RESPONDER)
    context = _state(row) | {"may_look": may_look}
    return render(request, "monitoring/monitor.html", context)


@login_required
@require_GET
def state(request: UserRequest, pk: int) -> HttpResponse:
    """The part of the page that changes by itself."""
    return render(request, "monitoring/_state.html", _state(access.monitor(request.user, pk)))


@login_required
@require_POST
def evaluate(request: UserRequest, pk: int) -> HttpResponse:
    """Look now instead of at the next interval."""
    row = access.monitor(request.user, pk, Role.RESPONDER)
    services.look_now(monitor=row, by=request.user)
    messages.success(request, "The newest rows are being compared with the baseline.")
    return redirect(row)


def _state(row: Monitor) -> dict[str, Any]:
    verdicts = list(row.verdicts.all()[:MOST_VERDICTS])
    return {
        "monitor": row,
        "latest": verdicts[0] if verdicts else None,
        "verdicts": verdicts,
        "alerts": row.alerts.all()[:MOST_ALERTS],
    }
