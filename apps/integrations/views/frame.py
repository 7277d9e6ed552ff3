"""What every page about one connection shares."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.core.typing import UserRequest
from apps.integrations import access
from apps.integrations.models import Connection
from apps.integrations.ports import InboundSource, OutgoingHook


def show(
    request: UserRequest, name: str, connection: Connection, *, status: int = 200, **more: Any
) -> HttpResponse:
    """Render a page of a connection; whoever may not change it sees that it exists, and its state."""
    offers = connection.entry.provides
    context = {
        "connection": connection,
        "entry": connection.entry,
        "keeps": access.keeps(request.user, connection),
        "listens": InboundSource in offers,
        "sends": OutgoingHook in offers,
        "can_check": connection.entry.load().can_check,
        f"tab_{name}": True,
        **more,
    }
    return render(request, f"integrations/{name}.html", context, status=status)


def hook_url(request: UserRequest, connection: Connection) -> str:
    """Where the sender posts to; empty where the connection does not listen."""
    if InboundSource not in connection.entry.provides:
        return ""
    return request.build_absolute_uri(reverse("integrations:hook", args=[connection.pk]))


def status_of(form: Form) -> int:
    """422 where a form came back with mistakes."""
    return 422 if form.is_bound else 200
