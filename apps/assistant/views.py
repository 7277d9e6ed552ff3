from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from apps.assistant import access, selectors, services, shown, writers
from apps.assistant.forms import QuestionForm
from apps.assistant.models import Exchange
from apps.assistant.planner import Question
from apps.core.typing import UserRequest

MOST_ASKED = 20


@login_required
@require_http_methods(["GET", "POST"])
def index(request: UserRequest) -> HttpResponse:
    """Ask in plain words; every sentence of the answer names its sources."""
    return _answer(request, "assistant/page.html")


@login_required
@require_http_methods(["GET", "POST"])
def panel(request: UserRequest) -> HttpResponse:
    """The same beside another page, whose record the question may mean."""
    return _answer(request, "assistant/panel.html")


@login_required
@require_GET
def exchange(request: UserRequest, pk: int) -> HttpResponse:
    """What one asked once, and what was answered then."""
    row = access.exchange(request.user, pk)
    context = {"exchange": row, "lines": shown.lines(row)}
    return render(request, "assistant/exchange.html", context)


def _answer(request: UserRequest, template: str) -> HttpResponse:
    form = QuestionForm(request.POST if request.method == "POST" else None, user=request.user)
    kept = _asked(request, form) if form.is_valid() else None
    context = {
        "form": form if kept is None else QuestionForm(user=request.user),
        "exchange": kept,
        "lines": shown.lines(kept) if kept else [],
        "asked": selectors.exchanges(request.user)[:MOST_ASKED],
    }
    status = 422 if form.is_bound and kept is None else 200
    return render(request, template, context, status=status)


def _asked(request: UserRequest, form: QuestionForm) -> Exchange:
    project = form.cleaned_data["project"]
    slug = project.slug if project else None
    question = Question(request.user, form.cleaned_data["question"], slug, form.page)
    answer = services.ask(question, writers.connected())
    return services.keep(
        question, answer, by=request.user, project_id=project.pk if project else None
    )
