from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core.typing import UserRequest
from apps.monitoring import access


@login_required
@require_GET
def alert(request: UserRequest, pk: int) -> HttpResponse:
    """One alert: what moved, by how much, and which version answered."""
    row = access.alert(request.user, pk)
    return render(request, "monitoring/alert.html", {"alert": row})
