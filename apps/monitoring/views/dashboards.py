from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from apps.core.typing import UserRequest
from apps.deployments import access as deployments
from apps.monitoring import dashboards


@login_required
@require_GET
def dashboard(request: UserRequest, slug: str) -> HttpResponse:
    """The deployment's Grafana dashboard as a file."""
    row = deployments.deployment(request.user, slug)
    answer = JsonResponse(dashboards.dashboard(row), json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="{row.slug}-grafana.json"'
    return answer
