from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.core.api import problems
from apps.core.errors import PortalError
from apps.integrations import access, services
from apps.integrations.errors import BodyTooLarge, LengthNeeded
from apps.integrations.ports import Incoming

LARGEST = 5 * 1024 * 1024


# No session and no cookie speaks for a sender, so there is nothing a forged form could borrow.
@csrf_exempt
@require_POST
def hook(request: HttpRequest, pk: int) -> HttpResponse:
    """Take what another system sends: 202 when it is new, 200 when it was here before."""
    try:
        delivery, new = services.receive(connection=access.hook(pk), incoming=_incoming(request))
    except PortalError as error:
        body = problems.problem(error.status, error.code, str(error), error.data)
        return JsonResponse(body, status=error.status, content_type=problems.MEDIA_TYPE)
    answer = {"status": "accepted" if new else "repeated", "delivery": delivery.pk}
    return JsonResponse(answer, status=202 if new else 200)


def _incoming(request: HttpRequest) -> Incoming:
    """The request as it came: raw bytes, at most so many."""
    announced = request.META.get("CONTENT_LENGTH") or ""
    if not announced.isdecimal():
        raise LengthNeeded
    if int(announced) > LARGEST:
        raise BodyTooLarge(limit=LARGEST)
    body = request.read(LARGEST + 1)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Incoming(headers, body, timezone.now())
