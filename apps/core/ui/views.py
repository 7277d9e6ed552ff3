"""The living page: every component in every state, from made-up data."""

from __future__ import annotations

import json

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.core.ui import examples


@login_required
@require_GET
def living_page(request: HttpRequest) -> HttpResponse:
    return render(request, "ui/living.html", examples.page(request))


@login_required
@require_GET
def slow_part(request: HttpRequest) -> HttpResponse:
    """What a fragment looks like once it has come."""
    return render(request, "ui/living/_part.html")


@login_required
@require_GET
def dense(request: HttpRequest) -> HttpResponse:
    """A hundred thousand points."""
    return JsonResponse(examples.dense(timezone.now()).data())


@login_required
@require_POST
def toast(request: HttpRequest) -> HttpResponse:
    """An answer that says its result in a toast."""
    said = {"toast": {"text": "Rolled back to v6. 14 % of traffic moved.", "tone": "good"}}
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(said)})


@login_required
@require_GET
def refused(request: HttpRequest) -> HttpResponse:
    """An answer that refuses, for htmx to show."""
    context = {"sentence": "This needs the maintainer role; yours is viewer.", "status": 403}
    return render(request, "errors/403.html", context, status=403)
