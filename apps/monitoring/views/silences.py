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
from apps.monitoring import access, selectors, services
from apps.monitoring.alert_forms import SilenceForm, lines
from apps.monitoring.alerting import labels, windows
from apps.monitoring.alerting.matchers import Matcher, unpacked
from apps.monitoring.models import Alert, Silence
from apps.projects import selectors as projects

SORTS = {"from": "starts_at", "until": "ends_at"}


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """What tells nobody for a while."""
    page = tables.page(selectors.silences(request.user), request, sorts=SORTS, default="-from")
    context = {
        "listing": page,
        "rows": [_shown(row) for row in page.rows],
        "may_silence": projects.held(request.user, Role.RESPONDER).exists(),
    }
    return render(request, "monitoring/silences.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """Silence what matches; a preview says what that is now."""
    sent = request.POST if request.method == "POST" else None
    form = SilenceForm(sent, user=request.user, initial=_initial(request))
    context: dict[str, Any] = {"form": form, "preview": None}
    if form.is_valid():
        if "preview" not in request.POST:
            made = _make(request, form)
            if made is not None:
                return redirect(made)
        given = form.cleaned_data
        context["preview"] = selectors.matching_now(given["project"].pk, given["matchers"])
    context["may_silence"] = projects.held(request.user, Role.RESPONDER).exists()
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "monitoring/silence_new.html", context, status=status)


@login_required
@require_GET
def silence(request: UserRequest, pk: int) -> HttpResponse:
    """One silence: what it matches now, and until when."""
    row = access.silence(request.user, pk)
    context = {
        **_shown(row),
        "matching": selectors.matching_now(row.project_id, unpacked(row.matchers)),
        "may_end": allows(request.user, row.project_id, Role.RESPONDER),
    }
    return render(request, "monitoring/silence.html", context)


@login_required
@require_POST
def end(request: UserRequest, pk: int) -> HttpResponse:
    """End it early."""
    row = access.silence(request.user, pk, Role.RESPONDER)
    services.end_silence(silence=row, by=request.user)
    messages.success(request, "The silence is over. What still fires is told now.")
    return redirect(row)


def _make(request: UserRequest, form: SilenceForm) -> Silence | None:
    given = form.cleaned_data
    try:
        return services.create_silence(
            project=given["project"],
            wanted=given["matchers"],
            stretch=form.stretch,
            comment=given["comment"],
            by=request.user,
        )
    except PortalError as error:
        form.refuse(error)
        return None


def _initial(request: UserRequest) -> dict[str, Any]:
    """From an alert's page: what matches this very alert."""
    given = request.GET.get("alert", "")
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        return {}
    row: Alert = access.alert(request.user, int(given))
    own = [Matcher(name, value) for name, value in sorted(labels.shown(row).items())]
    return {"project": row.project.slug, "matchers": lines(own)}


def _shown(row: Silence) -> dict[str, Any]:
    return {
        "silence": row,
        "state": windows.state(row, timezone.now()),
        "matchers": [str(matcher) for matcher in unpacked(row.matchers)],
    }
