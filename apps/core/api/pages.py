from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core.api.reference import everything
from apps.core.typing import UserRequest


@login_required
@require_GET
def reference(request: UserRequest) -> HttpResponse:
    """Every REST operation with its parameters, shapes, refusals and a curl line."""
    return render(request, "api/reference.html", everything(settings.PUBLIC_URL))
