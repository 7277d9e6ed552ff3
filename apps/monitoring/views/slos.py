from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Role, allows
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.deployments import access as deployments
from apps.deployments import selectors as served
from apps.deployments.models import Deployment
from apps.monitoring import access, services
from apps.monitoring import selectors_objectives as selectors
from apps.monitoring.forms import ChooseForm
from apps.monitoring.forms_objectives import SloChangeForm, SloForm
from apps.monitoring.models import Slo
from apps.monitoring.objectives import indicators, pictures

SORTS = {"name": "name", "state": "state", "deployment": "deployment__slug", "left": "budget_left"}
MOST_ALERTS = 20


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """What is promised, and what is left of each budget."""
    listing = tables.page(selectors.slos(request.user), request, sorts=SORTS, default="name")
    return render(request, "monitoring/slos.html", {"listing": listing})


@login_required
@require_GET
def slo(request: UserRequest, pk: int) -> HttpResponse:
    """One objective: its budget, how fast it burns, and what counts as good."""
    row = access.slo(request.user, pk)
    may_change = allows(request.user, row.project_id, Role.MAINTAINER)
    return render(request, "monitoring/slo.html", _shown(row) | {"may_change": may_change})


@login_required
@require_GET
def choose(request: UserRequest) -> HttpResponse:
    """The way to a new objective: which deployment it is about."""
    if slug := request.GET.get("deployment", ""):
        row = deployments.deployment(request.user, slug, Role.MAINTAINER)
        form = SloForm(deployment=row, user=request.user)
        return render(request, "monitoring/slo_new.html", {"deployment": row, "form": form})
    known = served.deployments(request.user).exists()
    context = {"form": ChooseForm(user=request.user), "known": known}
    return render(request, "monitoring/slo_choose.html", context)


@login_required
@require_POST
def make(request: UserRequest, slug: str) -> HttpResponse:
    """Promise something of a deployment."""
    row = deployments.deployment(request.user, slug, Role.MAINTAINER)
    form = SloForm(request.POST, deployment=row, user=request.user)
    if form.is_valid() and (made := _made(form, row, request)):
        return redirect(made)
    context = {"deployment": row, "form": form}
    return render(request, "monitoring/slo_new.html", context, status=422)


@login_required
@require_http_methods(["GET", "POST"])
def change(request: UserRequest, pk: int) -> HttpResponse:
    """Promise something else."""
    row = access.slo(request.user, pk, Role.MAINTAINER)
    form = SloChangeForm(
        request.POST if request.method == "POST" else None,
        initial=SloChangeForm.entered(row),
        deployment=row.deployment,
        user=request.user,
    )
    if form.is_valid() and _changed(form, row, request):
        messages.success(request, f"{row.name} is changed.")
        return redirect(row)
    status = 422 if form.is_bound else 200
    context = {"slo": row, "form": form}
    return render(request, "monitoring/slo_change.html", context, status=status)


@login_required
@require_POST
def remove(request: UserRequest, pk: int) -> HttpResponse:
    """Promise it no longer."""
    row = access.slo(request.user, pk, Role.MAINTAINER)
    services.remove_slo(slo=row, by=request.user)
    messages.success(request, f"{row.name} is removed with its counts.")
    return redirect("monitoring:slos")


def _made(form: SloForm, row: Deployment, request: UserRequest) -> Slo | None:
    try:
        return services.create_slo(deployment=row, promise=form.promise, by=request.user)
    except PortalError as error:
        form.refuse(error)
        return None


def _changed(form: SloChangeForm, row: Slo, request: UserRequest) -> bool:
    enabled = form.cleaned_data["enabled"]
    try:
        services.change_slo(slo=row, promise=form.promise, enabled=enabled, by=request.user)
    except PortalError as error:
        form.refuse(error)
        return False
    return True


def _shown(row: Slo) -> dict[str, Any]:
    hours = selectors.by_hour(row, row.counted_until or timezone.now())
    return {
        "slo": row,
        "formula": indicators.formula(row),
        "burns": pictures.burns(row),
        "good": sum(good for _, good, _ in hours),
        "every": sum(every for _, _, every in hours),
        "charts": [pictures.budget(row, hours), pictures.good_share(row, hours)] if hours else [],
        "alerts": row.alerts.all()[:MOST_ALERTS],
        "left": None if row.budget_left is None else row.budget_left * 100,
    }
