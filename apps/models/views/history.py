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
from apps.models import access, history, services
from apps.models.forms import ReasonForm
from apps.models.models import OutOfBandMove
from apps.models.views.frame import frame

MOVE_SORTS = {"moved": "at"}
CASE_SORTS = {"found": "found_at"}


@login_required
@require_GET
def moves(request: UserRequest, pk: int) -> HttpResponse:
    """Every move of the model's aliases and stages."""
    row = access.model(request.user, pk)
    found = history.moves(request.user).filter(model=row)
    listing = tables.page(found, request, sorts=MOVE_SORTS, default="-moved")
    context = {"model": row, "listing": listing, "moves": listing.rows, **frame(request)}
    return render(request, "models/alias_moves.html", context)


@login_required
@require_GET
def out_of_band(request: UserRequest) -> HttpResponse:
    """What moved around the portal, and what became of it."""
    waiting = list(history.out_of_band(request.user).open()[:100])
    closed = history.out_of_band(request.user).exclude(state__in=OutOfBandMove.OPEN)
    listing = tables.page(closed, request, sorts=CASE_SORTS, default="-found")
    context = {"waiting": waiting, "listing": listing, **frame(request)}
    return render(request, "models/out_of_band.html", context)


@login_required
@require_GET
def out_of_band_move(request: UserRequest, pk: int) -> HttpResponse:
    """One such move, and the ways to settle it."""
    row = access.out_of_band(request.user, pk)
    return render(request, "models/out_of_band_move.html", _shown(request, row))


@login_required
@require_POST
def adopt(request: UserRequest, pk: int) -> HttpResponse:
    """Take the move as right."""
    return _settle(request, pk, "adopt")


@login_required
@require_POST
def revert(request: UserRequest, pk: int) -> HttpResponse:
    """Have the alias go back."""
    return _settle(request, pk, "revert")


def _settle(request: UserRequest, pk: int, way: str) -> HttpResponse:
    row = access.out_of_band(request.user, pk, Role.MAINTAINER)
    form = ReasonForm(request.POST, prefix=way)
    verb = services.adopt if way == "adopt" else services.request_revert
    if form.is_valid():
        try:
            verb(case=row, by=request.user, reason=form.cleaned_data["reason"])
        except PortalError as error:
            form.refuse(error)
        else:
            done = "It is being adopted." if way == "adopt" else "It goes back by a job."
            messages.success(request, done)
            return redirect(row)
    context = _shown(request, row, **{f"{way}_form": form})
    context["refused"] = form.non_field_errors()
    return render(request, "models/out_of_band_move.html", context, status=422)


def _shown(request: UserRequest, row: OutOfBandMove, **forms: ReasonForm) -> dict[str, Any]:
    may = holds(request.user, row.project_id, Role.MAINTAINER)
    return {
        "case": row,
        "may_settle": may,
        "own": row.environment.protected and row.move.by_id == request.user.pk,
        "adopt_form": ReasonForm(prefix="adopt"),
        "revert_form": ReasonForm(prefix="revert"),
        **forms,
        **frame(request),
    }
