"""The pages of an incident's evidence: each pack as it stood, and as a file."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core.errors import NotFound
from apps.core.typing import UserRequest
from apps.incidents import access, evidence_shown
from apps.incidents.forms import PackForm
from apps.incidents.models import Incident, Pack


@login_required
@require_GET
def evidence(request: UserRequest, pk: int) -> HttpResponse:
    """One pack of an incident as it stood, with what is new against the one before."""
    row = access.incident(request.user, pk)
    context = evidence_shown.page(row, _chosen(request, row))
    return render(request, "incidents/evidence/page.html", context)


@login_required
@require_GET
def download(request: UserRequest, pk: int) -> HttpResponse:
    """The same as a JSON file."""
    row = access.incident(request.user, pk)
    pack = _chosen(request, row)
    answer = JsonResponse(evidence_shown.document(row, pack), json_dumps_params={"indent": 2})
    name = f"incident-{row.number}-evidence-{pack.number}.json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _chosen(request: UserRequest, row: Incident) -> Pack:
    form = PackForm(request.GET)
    if not form.is_valid():
        raise NotFound(what="evidence pack")
    return access.pack(request.user, row, form.cleaned_data["number"])
