from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.models import access, selectors, services
from apps.models.forms import DecideForm, PromoteForm
from apps.models.views.frame import frame, shown, version_context


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
    context = version_context(request, row, form)
    return render(request, "models/version.html", context, status=422)


@login_required
@require_GET
def promotion(request: UserRequest, pk: int) -> HttpResponse:
    """The fragment of one promotion, fetched again when it changed."""
    row = access.promotion(request.user, pk)
    return render(request, "models/_promotion.html", shown(request, row))


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
    context = {"mine": mine, "others": others[:100], **frame(request)}
    return render(request, "models/approvals.html", context)
