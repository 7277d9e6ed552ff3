from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.assistant import access, selectors
from apps.core.typing import UserRequest
from apps.core.ui import tables

SORTS = {"at": "at", "right": "right", "model": "model"}
SCORE_SORTS = {"right": "right", "category": "category", "seconds": "seconds"}


@login_required
@require_GET
def runs(request: UserRequest) -> HttpResponse:
    """Every evaluation, newest first: how much was right, and whether anything leaked."""
    found = selectors.eval_runs(request.user)
    listing = tables.page(found, request, sorts=SORTS, default="-at")
    return render(request, "assistant/evals.html", {"listing": listing})


@login_required
@require_GET
def run(request: UserRequest, pk: int) -> HttpResponse:
    """One evaluation by category, and each of its questions."""
    row = access.eval_run(request.user, pk)
    listing = tables.page(selectors.scores(row), request, sorts=SCORE_SORTS, default="right")
    return render(request, "assistant/eval.html", {"run": row, "listing": listing})
