from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core.errors import Invalid
from apps.core.typing import UserRequest
from apps.deployments import access, logs
from apps.deployments.forms import OffsetForm


@login_required
@require_GET
def log(request: UserRequest, slug: str, pk: int) -> HttpResponse:
    """What one model server wrote; the page follows it."""
    row = access.deployment(request.user, slug)
    replica = access.replica(row, pk)
    context = {"deployment": row, "replica": replica, "stretch": logs.tail(replica)}
    return render(request, "deployments/log.html", context)


@login_required
@require_GET
def log_lines(request: UserRequest, slug: str, pk: int) -> HttpResponse:
    """What the log gained since `?after=`."""
    row = access.deployment(request.user, slug)
    replica = access.replica(row, pk)
    form = OffsetForm(request.GET)
    if not form.is_valid():
        raise Invalid(field="after", reason="send the offset that the last answer named, or 0.")
    stretch = logs.after(replica, form.cleaned_data["after"])
    context = {"deployment": row, "replica": replica, "stretch": stretch}
    return render(request, "deployments/_log_lines.html", context)


@login_required
@require_GET
def log_file(request: UserRequest, slug: str, pk: int) -> HttpResponse:
    """The log as a file, its last megabyte at most."""
    row = access.deployment(request.user, slug)
    replica = access.replica(row, pk)
    lines = logs.tail(replica, most=logs.MOST_DOWNLOADED).lines
    answer = HttpResponse(
        "".join(f"{line}\n" for line in lines), content_type="text/plain; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="{row.slug}-{replica.pk}.log"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
