from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.assistant import access, selectors
from apps.assistant.models import Proposal
from apps.assistant.proposals import services
from apps.core.access import Role, allows
from apps.core.errors import Conflict
from apps.core.typing import UserRequest
from apps.core.ui import tables

SORTS = {"made": "created_at"}


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """What was proposed in one's projects."""
    listing = tables.page(selectors.proposals(request.user), request, sorts=SORTS, default="-made")
    return render(request, "assistant/proposals.html", {"listing": listing})


@login_required
@require_GET
def proposal(request: UserRequest, pk: int) -> HttpResponse:
    """One proposal: what would happen, what it means, and who may decide."""
    row = access.proposal(request.user, pk)
    context = {
        "proposal": row,
        "may_decide": access.may_decide(request.user, row),
        "may_refuse": allows(request.user, row.project_id, Role.RESPONDER),
        "asked": _question(request, row),
    }
    return render(request, "assistant/proposal.html", context)


@login_required
@require_POST
def approve(request: UserRequest, pk: int) -> HttpResponse:
    """Have it done, with one's own rights."""
    row = access.proposal(request.user, pk)
    try:
        done = services.approve(proposal=row, by=request.user)
    except Conflict as error:
        messages.error(request, str(error))
        return redirect(row)
    told = messages.success if done.state == Proposal.State.DONE else messages.error
    told(request, done.note)
    return redirect(row)


@login_required
@require_POST
def refuse(request: UserRequest, pk: int) -> HttpResponse:
    """Say that it shall not be done."""
    row = access.proposal(request.user, pk)
    try:
        services.refuse(proposal=row, by=request.user, reason=request.POST.get("reason", ""))
    except Conflict as error:
        messages.error(request, str(error))
    return redirect(row)


def _question(request: UserRequest, row: Proposal) -> str:
    """What led here, for whoever asked it: nobody else reads another's question."""
    if row.exchange_id is None:
        return ""
    found = selectors.exchanges(request.user).filter(pk=row.exchange_id).first()
    return found.question if found else ""
