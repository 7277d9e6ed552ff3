from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.assistant import access, selectors
from apps.assistant.answers import Question
from apps.assistant.errors import OverBudget
from apps.assistant.forms import FeedbackForm, QuestionForm
from apps.assistant.models import Exchange
from apps.assistant.shown import markdown, shown
from apps.assistant.talks import services
from apps.core.typing import UserRequest

MOST_ASKED = 20


@login_required
@require_http_methods(["GET", "POST"])
def index(request: UserRequest) -> HttpResponse:
    """Ask in plain words; every sentence of the answer names its sources."""
    form = _form(request)
    if kept := _asked(request, form):
        return HttpResponseRedirect(_place(kept))
    words = request.GET.get("q", "")
    context = {
        "form": form,
        "words": words,
        "talks": selectors.conversations(request.user, words)[:MOST_ASKED],
        "shared": selectors.shared(request.user)[:MOST_ASKED],
    }
    return render(request, "assistant/page.html", context, status=_status(form))


@login_required
@require_http_methods(["GET", "POST"])
def panel(request: UserRequest) -> HttpResponse:
    """The same beside another page, whose record the question may mean."""
    form = _form(request)
    kept = _asked(request, form)
    context: dict[str, Any] = {"form": form, "each": None}
    if kept is not None:
        context["form"] = QuestionForm(
            user=request.user, initial={"conversation": kept.conversation_id}
        )
        context["each"] = shown(kept, request.user)
    return render(request, "assistant/panel.html", context, status=200 if kept else _status(form))


@login_required
@require_GET
def exchange(request: UserRequest, pk: int) -> HttpResponse:
    """What somebody asked once, and what was answered then."""
    row = access.readable_exchange(request.user, pk)
    return render(request, "assistant/exchange.html", {"each": shown(row, request.user)})


@login_required
@require_GET
def state(request: UserRequest, pk: int) -> HttpResponse:
    """The answer as it stands now; fetched again whenever it grows."""
    row = access.readable_exchange(request.user, pk)
    return render(request, "assistant/_answer.html", {"each": shown(row, request.user)})


@login_required
@require_GET
def as_markdown(request: UserRequest, pk: int) -> HttpResponse:
    """The answer as text to paste elsewhere."""
    row = access.readable_exchange(request.user, pk)
    return HttpResponse(
        markdown(shown(row, request.user)), content_type="text/markdown; charset=utf-8"
    )


@login_required
@require_POST
def stop(request: UserRequest, pk: int) -> HttpResponse:
    """Wait no longer; what was said so far stays."""
    row = services.stop(exchange=access.exchange(request.user, pk))
    return _again(request, row)


@login_required
@require_POST
def rate(request: UserRequest, pk: int) -> HttpResponse:
    """Say whether it helped."""
    row = access.exchange(request.user, pk)
    form = FeedbackForm(request.POST)
    if form.is_valid():
        services.rate(exchange=row, **form.cleaned_data)
    return _again(request, row)


def _again(request: UserRequest, row: Exchange) -> HttpResponse:
    if getattr(request, "htmx", False):
        return render(request, "assistant/_answer.html", {"each": shown(row, request.user)})
    return HttpResponseRedirect(_place(row))


def _form(request: UserRequest) -> QuestionForm:
    given = {
        "conversation": request.GET.get("conversation", ""),
        "question": request.GET.get("question", "")[:4000],
    }
    sent = request.POST if request.method == "POST" else None
    return QuestionForm(sent, user=request.user, initial=given)


def _asked(request: UserRequest, form: QuestionForm) -> Exchange | None:
    """The question under way, or the form with what is wrong."""
    if not form.is_valid():
        return None
    project = form.cleaned_data["project"]
    question = Question(
        request.user, form.cleaned_data["question"], project.slug if project else None, form.page
    )
    try:
        return services.ask(
            question=question,
            by=request.user,
            project_id=project.pk if project else None,
            wish=form.wish,
            wait=False,
        )
    except OverBudget as error:
        form.refuse(error)
        return None


def _place(row: Exchange) -> str:
    talk = row.conversation
    return f"{talk.get_absolute_url()}#answer-{row.pk}" if talk else row.get_absolute_url()


def _status(form: QuestionForm) -> int:
    return 422 if form.is_bound else 200
