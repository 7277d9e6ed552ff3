from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Role
from apps.core.access import allows as holds
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.models import access, gates, selectors, services
from apps.models.forms import (
    DecideForm,
    MetricFloorForm,
    ModelFilterForm,
    PromoteForm,
    RunFilterForm,
)
from apps.models.models import ModelVersion, Promotion

MODEL_SORTS = {"name": "name", "project": "project__name", "changed": "updated_at"}
RUN_SORTS = {"started": "started_at", "name": "name", "status": "status"}
VERSION_SORTS = {"number": "number"}


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """Every registered model the person may see."""
    form = ModelFilterForm(request.GET)
    words = form.cleaned_data.get("q", "") if form.is_valid() else ""
    found = selectors.models(request.user).filter(name__icontains=words)
    listing = tables.page(found, request, sorts=MODEL_SORTS, default="name")
    context = {"listing": listing, "form": form, "filtered": bool(words)}
    return render(request, "models/list.html", {**context, **_frame(request)})


@login_required
@require_GET
def model(request: UserRequest, pk: int) -> HttpResponse:
    """One model with its versions, aliases, gates and promotions."""
    row = access.model(request.user, pk)
    versions = selectors.versions(request.user).filter(model=row)
    context = {
        "model": row,
        "listing": tables.page(versions, request, sorts=VERSION_SORTS, default="-number"),
        "aliases": row.aliases.select_related("version"),
        "gates": selectors.gates(request.user).filter(model=row),
        "kinds": gates.KINDS,
        "promotions": selectors.promotions(request.user).filter(version__model=row)[:20],
        "may_gate": holds(request.user, row.project_id, Role.MAINTAINER),
        "gate_form": MetricFloorForm(model=row),
    }
    return render(request, "models/model.html", {**context, **_frame(request)})


@login_required
@require_GET
def version(request: UserRequest, pk: int) -> HttpResponse:
    """One version: where it came from, where it stands, and the way to promote it."""
    row = access.version(request.user, pk)
    return render(request, "models/version.html", _version_context(request, row))


@login_required
@require_POST
def promote(request: UserRequest, pk: int) -> HttpResponse:
    """Ask for the version to enter an environment."""
    row = access.version(request.user, pk, Role.CONTRIBUTOR)
    form = PromoteForm(request.POST, version=row)
    if form.is_valid():
        try:
            asked = services.request_promotion(version=row, by=request.user, **form.cleaned_data)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"The gates of {asked.environment.name} are being checked.")
            return redirect(asked)
    context = _version_context(request, row, form)
    return render(request, "models/version.html", context, status=422)


@login_required
@require_GET
def promotion(request: UserRequest, pk: int) -> HttpResponse:
    """The fragment of one promotion, fetched again when it changed."""
    row = access.promotion(request.user, pk)
    return render(request, "models/_promotion.html", _shown(request, row))


@login_required
@require_POST
def decide(request: UserRequest, pk: int) -> HttpResponse:
    """Approve or decline a promotion."""
    row = access.promotion(request.user, pk, Role.MAINTAINER)
    form = DecideForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Approve or decline, with a note of at most 2000 characters.")
        return redirect(row)
    verb = services.approve if form.cleaned_data["verdict"] == "approve" else services.decline
    try:
        verb(promotion=row, by=request.user, note=form.cleaned_data["note"])
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(row)


@login_required
@require_GET
def approvals(request: UserRequest) -> HttpResponse:
    """What waits for a decision, what waits for this person first."""
    mine = list(selectors.decidable(request.user)[:100])
    others = selectors.promotions(request.user).waiting().exclude(pk__in=[row.pk for row in mine])
    context = {"mine": mine, "others": others[:100], **_frame(request)}
    return render(request, "models/approvals.html", context)


@login_required
@require_POST
def declare_gate(request: UserRequest, pk: int) -> HttpResponse:
    """Add a metric floor to a model."""
    row = access.model(request.user, pk, Role.MAINTAINER)
    form = MetricFloorForm(request.POST, model=row)
    if not form.is_valid():
        messages.error(request, "Name an environment, a metric and a number as its floor.")
        return redirect(row)
    given = form.cleaned_data
    settings = {"metric": given["metric"], "floor": given["floor"]}
    try:
        services.declare_gate(
            model=row,
            environment=given["environment"],
            kind="metric_floor",
            settings=settings,
            by=request.user,
        )
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(row)


@login_required
@require_POST
def remove_gate(request: UserRequest, pk: int) -> HttpResponse:
    """Take a gate away."""
    gate = access.gate(request.user, pk, Role.MAINTAINER)
    services.remove_gate(gate=gate, by=request.user)
    return redirect(gate.model)


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
    return render(request, "models/runs.html", {**context, **_frame(request)})


@login_required
@require_GET
def run(request: UserRequest, pk: int) -> HttpResponse:
    """One run: params, metrics, tags, data, and the versions made from it."""
    row = access.run(request.user, pk)
    context = {"run": row, "versions": selectors.versions(request.user).filter(run=row)}
    return render(request, "models/run.html", {**context, **_frame(request)})


def _version_context(
    request: UserRequest, row: ModelVersion, form: PromoteForm | None = None
) -> dict[str, Any]:
    found = selectors.promotions(request.user).filter(version=row)
    return {
        "version": row,
        "aliases": row.aliases.all(),
        "promotions": [_shown(request, each) for each in found[:20]],
        "may_promote": holds(request.user, row.project_id, Role.CONTRIBUTOR),
        "form": form or PromoteForm(version=row),
        **_frame(request),
    }


def _shown(request: UserRequest, row: Promotion) -> dict[str, Any]:
    may = holds(request.user, row.project_id, Role.MAINTAINER)
    asked = row.requested_by_id == request.user.pk
    waits = row.state == "waiting"
    return {
        "promotion": row,
        "decidable": waits and may and not asked,
        "own": waits and may and asked,
        "decision": getattr(row, "decision", None),
    }


def _frame(request: UserRequest) -> dict[str, Any]:
    """What every page of this room says: how old its mirror is, and what waits."""
    return {"age": selectors.age(request.user)}
