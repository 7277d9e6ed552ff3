from __future__ import annotations

from tempfile import TemporaryFile

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.core import access
from apps.core.errors import Invalid
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.ledger import export, selectors, services
from apps.ledger.forms import AuditForm


@login_required
@require_GET
def audit(request: UserRequest) -> HttpResponse:
    """The ledger, as far as this person may see it."""
    form = AuditForm(request.GET, user=request.user)
    found = selectors.entries(request.user, form.wanted, known=form.projects)
    page = tables.page(found, request, sorts={"time": "at"}, default="-time")
    context = {
        "form": form,
        "page": page,
        "lines": selectors.lines(request.user, page.rows),
        "chain": selectors.chain_state(),
    }
    return render(request, "ledger/audit.html", context)


@login_required
@require_GET
def chain(request: UserRequest) -> HttpResponse:
    """The state of the chain alone, fetched again when it changed."""
    return render(request, "ledger/_chain.html", {"chain": selectors.chain_state()})


@login_required
@require_POST
def verify(request: UserRequest) -> HttpResponse:
    """Start a walk along the whole chain."""
    access.require_site_admin(request.user)
    services.request_verification(by=request.user)
    messages.success(request, "Verification started. The result shows here when it is done.")
    return redirect("ledger:audit")


@login_required
@require_GET
def download(request: UserRequest) -> FileResponse:
    """The signed export of one project or stretch of time."""
    access.require_site_admin(request.user)
    form = AuditForm(request.GET, user=request.user)
    if not form.is_valid():
        field, reasons = next(iter(form.errors.items()))
        raise Invalid(field=field, reason=" ".join(map(str, reasons)))
    file = TemporaryFile()  # noqa: SIM115  the answer closes it
    export.export(file, form.extent)
    file.seek(0)
    name = f"ledger-{timezone.now():%Y-%m-%d}.jsonl"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/jsonl")
