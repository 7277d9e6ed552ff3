from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core.access import Role
from apps.core.access import allows as holds
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.models import access, gates, selectors
from apps.models.forms import (
    MetricFloorForm,
    ModelFilterForm,
)
from apps.models.views.frame import frame, history_context, version_context

MODEL_SORTS = {"name": "name", "project": "project__name", "changed": "updated_at"}
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
    return render(request, "models/list.html", {**context, **frame(request)})


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
        **history_context(request, row),
    }
    return render(request, "models/model.html", {**context, **frame(request)})


@login_required
@require_GET
def version(request: UserRequest, pk: int) -> HttpResponse:
    """One version: where it came from, where it stands, and the way to promote it."""
    row = access.version(request.user, pk)
    return render(request, "models/version.html", version_context(request, row))
