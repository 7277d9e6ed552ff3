from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.models import access, selectors
from apps.models.forms import (
    RunFilterForm,
)
from apps.models.views.frame import frame

RUN_SORTS = {"started": "started_at", "name": "name", "status": "status"}


@login_required
@require_GET
def runs(request: UserRequest) -> HttpResponse:
    """Runs, filtered by name, experiment and state, sorted by time or by any metric."""
    experiments = list(selectors.experiments(request.user).values_list("pk", "name")[:500])
    form = RunFilterForm(request.GET, experiments=experiments)
    wanted = form.cleaned_data if form.is_valid() else {}
    found, sorts, default = selectors.run_list(request.user, wanted), RUN_SORTS, "-started"
    if metric := wanted.get("metric"):
        found, sorts, default = selectors.by_metric(found, metric), {"metric": "ranked"}, "-metric"
    listing = tables.page(found, request, sorts=sorts, default=default)
    context = {"listing": listing, "form": form, "metric": metric, "filtered": any(wanted.values())}
    return render(request, "models/runs.html", {**context, **frame(request)})


@login_required
@require_GET
def run(request: UserRequest, pk: int) -> HttpResponse:
    """One run: params, metrics, tags, data, and the versions made from it."""
    row = access.run(request.user, pk)
    context = {"run": row, "versions": selectors.versions(request.user).filter(run=row)}
    return render(request, "models/run.html", {**context, **frame(request)})
