"""The stand-ins: pages for people, and the addresses that the portal's own connectors call."""

from __future__ import annotations

import json
import re
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.errors import NotFound, PortalError
from apps.core.typing import UserRequest
from apps.demo import access, selectors, services, standin
from apps.demo.forms import MoveForm
from apps.demo.models import DeskTicket

LARGEST = 2_000_000  # bytes of a call
TITLES = dict(DeskTicket.Desk.choices)
FILE_NAME = re.compile(rb'filename="([^"]{1,200})"')


@login_required
@require_GET
def desk(request: UserRequest, desk: str) -> HttpResponse:
    """What the stand-in holds, newest first."""
    access.require_look(request.user)
    if desk not in TITLES:
        raise NotFound(what="stand-in")
    context = {"desk": desk, "title": TITLES[desk], "tickets": selectors.desk(request.user, desk)}
    return render(request, "demo/desk.html", context)


@login_required
@require_GET
def ticket(request: UserRequest, desk: str, key: str) -> HttpResponse:
    """One ticket as the stand-in has it."""
    row = access.ticket(request.user, desk, key)
    context = {
        "ticket": row,
        "title": row.get_desk_display(),
        "statuses": selectors.statuses(row),
        "remarks": selectors.remarks(row),
        "may_move": access.may_move(request.user),
    }
    return render(request, "demo/ticket.html", context)


@login_required
@require_POST
def move(request: UserRequest, desk: str, key: str) -> HttpResponse:
    """Move a ticket there; the incident follows as it would follow the real system."""
    row = access.ticket_to_move(request.user, desk, key)
    form = MoveForm(request.POST)
    if form.is_valid():
        try:
            services.move_ticket(ticket=row, status=form.cleaned_data["status"], by=request.user)
        except PortalError as error:
            messages.error(request, str(error))
    return redirect(row)


@csrf_exempt
@require_http_methods(["GET", "POST", "PUT"])
def jira(request: HttpRequest, rest: str) -> HttpResponse:
    """Jira's REST API version 3, as far as the connector uses it."""
    if not standin.signed_in(request.headers.get("Authorization", "")):
        return _answer(401, {"errorMessages": ["The stand-in does not know you."]})
    if rest.startswith("issue/") and rest.endswith("/attachments"):
        found = FILE_NAME.search(request.body[:LARGEST])
        name = found[1].decode(errors="replace") if found else "file"
        return _answer(*standin.attach(rest.split("/")[1], name))
    return _spoken(request, rest, standin.jira)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def pagerduty(request: HttpRequest, rest: str) -> HttpResponse:
    """PagerDuty's Events API version 2 and REST API, as far as the connector uses them."""
    # Events prove themselves by the key in their body.
    is_event = rest == "v2/enqueue"
    if not is_event and not standin.signed_in(request.headers.get("Authorization", "")):
        return _answer(401, {"error": {"message": "The stand-in does not know you."}})
    return _spoken(request, rest, standin.pagerduty)


def _spoken(request: HttpRequest, rest: str, speak: Any) -> HttpResponse:
    try:
        sent = json.loads(request.body[:LARGEST]) if request.body else {}
    except ValueError:
        return _answer(400, {"errorMessages": ["The body is not JSON."]})
    if not isinstance(sent, dict):
        return _answer(400, {"errorMessages": ["The body is not an object."]})
    return _answer(*speak(request.method, rest, request.GET, sent))


def _answer(status: int, body: Any) -> HttpResponse:
    headers = {"X-Stand-In": "demo"}
    if body is None:
        return HttpResponse(status=status, headers=headers)
    return JsonResponse(body, status=status, safe=False, headers=headers)
