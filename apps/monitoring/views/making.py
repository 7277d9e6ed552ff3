from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Role, allows
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.deployments import access as deployments
from apps.deployments import selectors as served
from apps.deployments.models import Deployment
from apps.monitoring import selectors, services
from apps.monitoring.forms import BaselineForm, ChooseForm, KindForm, MonitorForm
from apps.monitoring.looks import KINDS
from apps.monitoring.models import Monitor


@login_required
@require_GET
def new(request: UserRequest) -> HttpResponse:
    """The way to a new monitor: a deployment, its baseline, the monitor."""
    if slug := request.GET.get("deployment", ""):
        row = deployments.deployment(request.user, slug)
        return render(request, "monitoring/new.html", _making(request, row))
    known = served.deployments(request.user).exists()
    context = {"form": ChooseForm(user=request.user), "known": known}
    return render(request, "monitoring/choose.html", context)


@login_required
@require_POST
def make_baseline(request: UserRequest, slug: str) -> HttpResponse:
    """Profile the training inputs that the live version's run logged."""
    row = deployments.deployment(request.user, slug, Role.CONTRIBUTOR)
    form = BaselineForm(request.POST)
    if form.is_valid():
        path = form.cleaned_data["artifact"]
        try:
            made = services.baseline_from_run(deployment=row, path=path, by=request.user)
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, f"The baseline holds {made.rows} rows.")
            return redirect(f"{reverse('monitoring:new')}?deployment={row.slug}")
    context = _making(request, row) | {"baseline_form": form}
    return render(request, "monitoring/new.html", context, status=422)


@login_required
@require_POST
def make_monitor(request: UserRequest, slug: str) -> HttpResponse:
    """Watch a deployment's inputs against a baseline."""
    row = deployments.deployment(request.user, slug, Role.MAINTAINER)
    form = _monitor_form(request, row, request.POST.get("kind", ""), request.POST)
    if form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "as_of"}
        kind = form.looks.kind
        try:
            made = services.create_monitor(deployment=row, kind=kind, by=request.user, **values)
            return redirect(made)
        except PortalError as error:
            form.refuse(error)
    context = _making(request, row) | {"monitor_form": form}
    return render(request, "monitoring/new.html", context, status=422)


@login_required
@require_POST
def watch(request: UserRequest, slug: str) -> HttpResponse:
    """Create the monitors that make sense for this deployment and are missing."""
    row = deployments.deployment(request.user, slug, Role.MAINTAINER)
    made = services.watch_deployment(deployment=row, by=request.user)
    said = ", ".join(monitor.name for monitor in made)
    messages.success(request, f"It is watched: {said}." if made else "It has them all already.")
    return redirect(f"{reverse('monitoring:list')}?q={row.slug}")


def _monitor_form(
    request: UserRequest, row: Deployment, kind: str, sent: QueryDict | None
) -> MonitorForm:
    known = KINDS.get(kind) or KINDS[Monitor.Kind.INPUT_DRIFT]
    return MonitorForm(sent, deployment=row, user=request.user, kind=known)


def _making(request: UserRequest, row: Deployment) -> dict[str, Any]:
    form = _monitor_form(request, row, request.GET.get("kind", ""), None)
    return {
        "suggestions": services.suggestions(deployment=row),
        "kind_form": KindForm(auto_id="choose_%s", initial={"kind": form.looks.kind}),
        "deployment": row,
        "live": served.live_release(row),
        "baselines": selectors.baselines(request.user).filter(deployment=row)[:10],
        "may_profile": allows(request.user, row.project_id, Role.CONTRIBUTOR),
        "may_watch": allows(request.user, row.project_id, Role.MAINTAINER),
        "baseline_form": BaselineForm(),
        "monitor_form": form,
    }
