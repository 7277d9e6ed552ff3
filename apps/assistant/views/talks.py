from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.assistant import access, selectors
from apps.assistant.forms import QuestionForm, ShareForm
from apps.assistant.shown import all_shown
from apps.assistant.talks import services
from apps.core.errors import PortalError
from apps.core.typing import UserRequest

MOST_SHOWN = 50


@login_required
@require_GET
def talk(request: UserRequest, pk: int) -> HttpResponse:
    """A conversation: what was asked, what was answered, and the next question."""
    row = access.readable_conversation(request.user, pk)
    newest = selectors.exchanges_of(row).order_by("-pk")[:MOST_SHOWN]
    own = access.is_own(request.user, row)
    start = {"conversation": row.pk, "project": _project_of(request, row.project_id)}
    context = {
        "talk": row,
        "own": own,
        "answers": all_shown(list(newest)[::-1], request.user),
        "form": QuestionForm(user=request.user, initial=start),
        "share_form": ShareForm(user=request.user, initial=start),
    }
    return render(request, "assistant/talk.html", context)


@login_required
@require_POST
def share(request: UserRequest, pk: int) -> HttpResponse:
    """Let the members of a project read along."""
    row = access.conversation(request.user, pk)
    form = ShareForm(request.POST, user=request.user)
    if not form.is_valid():
        messages.error(request, "Choose one of your projects.")
        return redirect(row)
    try:
        services.share(conversation=row, project=form.cleaned_data["project"], by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(row)


@login_required
@require_POST
def unshare(request: UserRequest, pk: int) -> HttpResponse:
    """Take it back."""
    row = services.unshare(conversation=access.conversation(request.user, pk), by=request.user)
    messages.success(request, "Nobody else reads this conversation any more.")
    return redirect(row)


@login_required
@require_POST
def forget(request: UserRequest, pk: int) -> HttpResponse:
    """Erase a conversation."""
    row = access.conversation(request.user, pk)
    try:
        services.forget(conversation=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
        return redirect(row)
    messages.success(request, "The conversation is erased.")
    return redirect("assistant:index")


@login_required
@require_POST
def forget_all(request: UserRequest) -> HttpResponse:
    """Erase everything that one has asked."""
    services.forget_all(by=request.user)
    messages.success(request, "Everything you asked is erased.")
    return redirect("assistant:index")


def _project_of(request: UserRequest, project_id: int | None) -> str | None:
    """The slug of the project that the conversation is about, where the reader may see it."""
    return ShareForm.slug_of(request.user, project_id)
