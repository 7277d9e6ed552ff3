from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.deployments import access, services, shown
from apps.deployments.forms import ReleaseForm, RollBackForm, SteerForm
from apps.deployments.models import Deployment, Release

ASKS = {
    Release.Wish.PAUSE: (services.ask_pause, "pauses at its next look"),
    Release.Wish.RESUME: (services.ask_resume, "goes on at its next look"),
    Release.Wish.PROMOTE: (services.ask_promote, "takes all the traffic at its next look"),
    Release.Wish.ABORT: (services.ask_abort, "ends at its next look; the traffic goes back"),
}


@login_required
@require_http_methods(["GET", "POST"])
def release(request: UserRequest, slug: str) -> HttpResponse:
    """Choose a version and see the plan, then start."""
    row = access.releasable(request.user, slug)
    form = _form(request, row)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.request_release(deployment=row, by=request.user, **form.wanted)
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{made.version} is being released.")
            return redirect(row)
    context = shown.release_form(row, form)
    status = 422 if request.method == "POST" else 200
    return render(request, "deployments/release.html", context, status=status)


@login_required
@require_GET
def plan(request: UserRequest, slug: str) -> HttpResponse:
    """What the release in the form would do."""
    row = access.releasable(request.user, slug)
    context = shown.release_form(row, _form(request, row))
    return render(request, "deployments/_plan.html", context)


@login_required
@require_GET
def attempt(request: UserRequest, slug: str, number: int) -> HttpResponse:
    """One release: what it was asked to do, what the judge found, how it ended."""
    row = access.deployment(request.user, slug)
    context = shown.attempt(row, access.release_of(row, number))
    return render(request, "deployments/attempt.html", context)


@login_required
@require_POST
def steer(request: UserRequest, slug: str) -> HttpResponse:
    """Pause, go on, promote or abort the release under way."""
    row = access.releasable(request.user, slug)
    form = SteerForm(request.POST)
    if not form.is_valid():
        messages.error(request, "release, wish: name the release and what it should do.")
        return redirect(row)
    ask, said = ASKS[form.cleaned_data["wish"]]
    made = access.release_of(row, form.cleaned_data["release"])
    try:
        ask(release=made, by=request.user, reason=form.cleaned_data["reason"])
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Release {made.number} {said}.")
    return redirect(row)


@login_required
@require_POST
def roll_back(request: UserRequest, slug: str) -> HttpResponse:
    """Release the last good version again."""
    row = access.releasable(request.user, slug)
    form = RollBackForm(request.POST)
    if not form.is_valid():
        messages.error(request, "reason: give at most 500 characters, or none.")
        return redirect(row)
    try:
        made = services.roll_back(deployment=row, by=request.user, **form.cleaned_data)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Going back to {made.version}.")
    return redirect(row)


def _form(request: UserRequest, row: Deployment) -> ReleaseForm:
    data = request.POST if request.method == "POST" else request.GET or None
    return ReleaseForm(data, deployment=row, user=request.user, usual=shown.usual(row))
