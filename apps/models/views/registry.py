from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core.access import Role
from apps.core.access import allows as holds
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.models import access, gates, selectors, timeline
from apps.models.forms import ModelFilterForm
from apps.models.models import RegisteredModel
from apps.models.views.frame import frame, history_context, version_context
from apps.projects.models import Environment

MODEL_SORTS = {"name": "name", "project": "project__name", "changed": "updated_at"}
VERSION_SORTS = {"number": "number"}
MOST_EVENTS = 40


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
    listing = tables.page(versions, request, sorts=VERSION_SORTS, default="-number")
    promotions = list(selectors.promotions(request.user).filter(version__model=row)[:20])
    waivers = list(selectors.waivers(request.user).filter(version__model=row)[:20])
    context = {
        "model": row,
        "listing": listing,
        "aliases": row.aliases.select_related("version"),
        "places": _gates_by_place(request, row),
        "promotions": promotions,
        "waivers": waivers,
        "events": timeline.events(row, listing.rows, promotions, waivers)[:MOST_EVENTS],
        "may_gate": holds(request.user, row.project_id, Role.MAINTAINER),
        **history_context(request, row),
        "may_retire": holds(request.user, row.project_id, Role.OWNER),
    }
    return render(request, "models/model.html", {**context, **frame(request)})


def _gates_by_place(
    request: UserRequest, row: RegisteredModel
) -> dict[Environment, list[dict[str, Any]]]:
    """The gates of each environment of the project, each with what it asks for."""
    found = selectors.gates(request.user).filter(model=row).order_by("environment_id", "pk")
    places: dict[Environment, list[dict[str, Any]]] = {}
    for gate in found:
        places.setdefault(gate.environment, []).append({"gate": gate, "said": gates.said(gate)})
    return places


@login_required
@require_GET
def version(request: UserRequest, pk: int) -> HttpResponse:
    """One version: where it came from, where it stands, and the way to promote it."""
    row = access.version(request.user, pk)
    return render(request, "models/version.html", version_context(request, row))
