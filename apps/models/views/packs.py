from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from apps.core.access import Role
from apps.core.access import allows as holds
from apps.core.typing import UserRequest
from apps.models import access, downloads, services
from apps.models.packs import selectors
from apps.models.views.frame import frame

MOST = 50


@login_required
@require_http_methods(["GET", "POST"])
def evidence(request: UserRequest, pk: int) -> HttpResponse:
    """The evidence packs of a version; a POST has a new one made."""
    if request.method == "POST":
        version = access.version(request.user, pk, Role.RESPONDER)
        job = services.request_evidence(version=version, by=request.user)
        messages.success(request, "The evidence is being packed.")
        return redirect(job)
    version = access.version(request.user, pk)
    context = {
        "version": version,
        "packs": selectors.packs(request.user, version)[:MOST],
        "job": selectors.packing(version),
        "may_pack": holds(request.user, version.project_id, Role.RESPONDER),
    }
    return render(request, "models/evidence.html", {**context, **frame(request)})


@login_required
@require_GET
def pack(request: UserRequest, pk: int) -> HttpResponse:
    """One pack as a file."""
    return downloads.pack(access.pack(request.user, pk))
