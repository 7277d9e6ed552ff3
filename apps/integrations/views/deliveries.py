from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.integrations import access, manual, selectors, services
from apps.integrations.forms import DeliveryFilter
from apps.integrations.models import InboundDelivery, OutboundDelivery
from apps.integrations.views import frame


@login_required
@require_GET
def arrived(request: UserRequest, pk: int) -> HttpResponse:
    """What came in through one connection, newest first."""
    connection = access.connection_to_change(request.user, pk)
    form = DeliveryFilter(InboundDelivery.State, request.GET)
    found = selectors.narrowed(selectors.inbound(request.user), connection, form.data)
    sorts = {"received": "received_at"}
    listing = tables.page(found, request, sorts=sorts, default="-received")
    return frame.show(request, "inbound_list", connection, listing=listing, form=form)


@login_required
@require_GET
def sent(request: UserRequest, pk: int) -> HttpResponse:
    """What goes out through one connection, newest first."""
    connection = access.connection_to_change(request.user, pk)
    form = DeliveryFilter(OutboundDelivery.State, request.GET)
    found = selectors.narrowed(selectors.outbound(request.user), connection, form.data)
    sorts = {"created": "created_at"}
    listing = tables.page(found, request, sorts=sorts, default="-created")
    return frame.show(request, "outbound_list", connection, listing=listing, form=form)


@login_required
@require_GET
def inbound(request: UserRequest, pk: int) -> HttpResponse:
    delivery = access.inbound(request.user, pk)
    text = manual.shown_body(delivery)
    return frame.show(request, "inbound", delivery.connection, delivery=delivery, body=text)


@login_required
@require_GET
def outbound(request: UserRequest, pk: int) -> HttpResponse:
    delivery = access.outbound(request.user, pk)
    return frame.show(request, "outbound", delivery.connection, delivery=delivery)


@login_required
@require_POST
def handle_again(request: UserRequest, pk: int) -> HttpResponse:
    delivery = access.inbound(request.user, pk)
    services.handle_again(delivery=delivery, by=request.user)
    messages.success(request, "The delivery is handled once more.")
    return redirect(delivery)


@login_required
@require_POST
def redeliver(request: UserRequest, pk: int) -> HttpResponse:
    delivery = access.outbound(request.user, pk)
    services.redeliver(delivery=delivery, by=request.user)
    messages.success(request, "The event is sent once more.")
    return redirect(delivery)
