from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.errors import Invalid, PortalError
from apps.core.typing import UserRequest
from apps.deployments import access, configs, configurations, services
from apps.deployments.config_forms import ConfigurationForm
from apps.deployments.configurations import Stand
from apps.deployments.forms import BetweenForm, RestoreForm
from apps.deployments.models import Configuration, Deployment

MOST = 100


@login_required
@require_http_methods(["GET", "POST"])
def configuration(request: UserRequest, slug: str) -> HttpResponse:
    """The settings of a deployment, and who changed what before."""
    if request.method == "GET":
        return _page(request, access.deployment(request.user, slug))
    row = access.releasable(request.user, slug)
    stand = configurations.current(row)
    form = ConfigurationForm(request.POST, stand=stand)
    if form.is_valid():
        try:
            made = services.configure(
                deployment=row,
                config=configs.read(form.body),
                based_on=form.cleaned_data["based_on"],
                note=form.cleaned_data["note"],
                by=request.user,
            )
        except PortalError as error:
            form.refuse(error)
        else:
            _say(request, made)
            return redirect("deployments:configuration", row.slug)
    return _page(request, row, form)


@login_required
@require_GET
def difference(request: UserRequest, slug: str) -> HttpResponse:
    """Two configurations side by side."""
    row = access.deployment(request.user, slug)
    form = BetweenForm(request.GET)
    if not form.is_valid():
        raise Invalid(
            field="a, b", reason="give the numbers of two configurations; 0 are the defaults."
        )
    before = configurations.numbered(row, form.cleaned_data["a"])
    after = configurations.numbered(row, form.cleaned_data["b"])
    context = {
        "deployment": row,
        "before": before,
        "after": after,
        "stands": [before, after] if before.number != after.number else [before],
        "changes": configurations.changes(before.config, after.config),
        "current": configurations.current(row),
        "may_release": access.may_release(row),
    }
    return render(request, "deployments/difference.html", context)


@login_required
@require_POST
def restore(request: UserRequest, slug: str) -> HttpResponse:
    """Bring an earlier configuration back."""
    row = access.releasable(request.user, slug)
    form = RestoreForm(request.POST)
    if not form.is_valid():
        messages.error(request, "number: name the configuration that should come back.")
    else:
        try:
            _say(request, services.restore(deployment=row, by=request.user, **form.cleaned_data))
        except PortalError as error:
            messages.error(request, str(error))
    return redirect("deployments:configuration", row.slug)


def _say(request: UserRequest, made: Configuration | None) -> None:
    if made is None:
        messages.info(request, "Nothing differs, so nothing was saved.")
    else:
        messages.success(request, f"Configuration {made.number} is in force.")


def _page(
    request: UserRequest, row: Deployment, form: ConfigurationForm | None = None
) -> HttpResponse:
    stand = configurations.current(row)
    history = configurations.with_changes(list(configurations.history(row)[: MOST + 1]))
    context = {
        "deployment": row,
        "stand": stand,
        "form": form or ConfigurationForm(stand=stand),
        "facts": configurations.facts(stand.config),
        "history": history[:MOST],
        "cut": len(history) > MOST,
        "moved": _moved_from(form, stand),
        "may_release": access.may_release(row),
        "may_retire": access.may_retire(row),
    }
    status = 422 if form else 200
    return render(request, "deployments/configuration.html", context, status=status)


def _moved_from(form: ConfigurationForm | None, stand: Stand) -> str:
    """The number that the person saw, where there is a newer one meanwhile."""
    seen = form.cleaned_data.get("based_on") if form else None
    return str(seen) if seen is not None and seen < stand.number else ""
