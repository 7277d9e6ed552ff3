"""A runbook in hand, as people work through it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.docs import blocks
from apps.incidents import access, runbooks
from apps.incidents.models import Step
from apps.incidents.runbook_forms import MarkForm, PlanForm, TakeForm
from apps.incidents.runbooks import running, shown


@login_required
@require_http_methods(["GET", "POST"])
def runbook(request: UserRequest, pk: int) -> HttpResponse:
    """The check list of an incident; a POST takes a runbook in hand."""
    least = Role.RESPONDER if request.method == "POST" else Role.VIEWER
    row = access.incident(request.user, pk, least)
    offered = shown.offered(request.user, row)
    form = TakeForm(request.POST if request.method == "POST" else None, offered=offered)
    if form.is_valid():
        try:
            runbooks.take(incident=row, document=form.cleaned_data["document"], by=request.user)
        except PortalError as error:
            messages.error(request, str(error))
        return redirect("incidents:runbook", pk)
    context = shown.page(request.user, row) | {"form": form}
    status = 422 if form.is_bound else 200
    return render(request, "incidents/runbook/runbook.html", context, status=status)


@login_required
@require_GET
def step(request: UserRequest, pk: int) -> HttpResponse:
    """One step: its plan, before anything is done. Nothing is changed by looking."""
    row = access.step(request.user, pk)
    context = _step(request, row)
    return render(request, "incidents/runbook/step.html", context)


@login_required
@require_POST
def mark(request: UserRequest, pk: int) -> HttpResponse:
    """Say that a step is done or left out."""
    row = access.step(request.user, pk, Role.RESPONDER)
    form = MarkForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        _do(request, lambda: runbooks.mark(step=row, by=request.user, **values))
    else:
        messages.error(request, "Say at most 1000 characters.")
    return _back(row)


@login_required
@require_POST
def reopen(request: UserRequest, pk: int) -> HttpResponse:
    """Take back a mark."""
    row = access.step(request.user, pk, Role.RESPONDER)
    _do(request, lambda: runbooks.reopen(step=row, by=request.user))
    return _back(row)


@login_required
@require_POST
def check(request: UserRequest, pk: int) -> HttpResponse:
    """Ask what a check asks, with the person's rights, and keep the answer."""
    row = access.step(request.user, pk, Role.RESPONDER)
    if row.kind != Step.Kind.CHECK:
        return _back(row)
    try:
        answer = blocks.answer(request.user, row.incident.project_id, row.text)
        runbooks.note_check(step=row, answer=answer, by=request.user)
    except PortalError as error:
        context = _step(request, row) | {"refused": str(error)}
        return render(request, "incidents/runbook/step.html", context, status=error.status)
    context = _step(request, access.step(request.user, pk)) | {"answer": answer}
    return render(request, "incidents/runbook/step.html", context)


@login_required
@require_POST
def run(request: UserRequest, pk: int) -> HttpResponse:
    """Run an action whose plan was looked at, or ask somebody else to."""
    row = access.step(request.user, pk, Role.RESPONDER)
    form = PlanForm(request.POST)
    if form.is_valid():
        plan = form.cleaned_data["plan"]
        _do(request, lambda: runbooks.ask(step=row, plan=plan, by=request.user))
        return _back(row)
    return render(request, "incidents/runbook/step.html", _step(request, row), status=422)


@login_required
@require_POST
def approve(request: UserRequest, pk: int) -> HttpResponse:
    """Run what somebody else asked for."""
    row = access.step(request.user, pk, Role.RESPONDER)
    form = PlanForm(request.POST)
    if form.is_valid():
        plan = form.cleaned_data["plan"]
        _do(request, lambda: runbooks.approve(step=row, plan=plan, by=request.user))
        return _back(row)
    return render(request, "incidents/runbook/step.html", _step(request, row), status=422)


@login_required
@require_POST
def withdraw(request: UserRequest, pk: int) -> HttpResponse:
    """Take back a wish, or turn it down."""
    row = access.step(request.user, pk, Role.RESPONDER)
    _do(request, lambda: runbooks.withdraw(step=row, by=request.user))
    return _back(row)


def _do(request: UserRequest, act: object) -> None:
    assert callable(act)
    try:
        done: Step = act()
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Step {done.position}: {done.get_state_display()}.")


def _back(row: Step) -> HttpResponse:
    page = reverse("incidents:runbook", args=[row.incident_id])
    return redirect(f"{page}#step-{row.pk}")


def _step(request: UserRequest, row: Step) -> dict[str, object]:
    """The step, with its plan where it has one; what stands in the way is said."""
    context: dict[str, object] = shown.step(request.user, row)
    if row.kind != Step.Kind.ACTION or row.is_over:
        return context
    try:
        plan = running.plan_of(row, request.user)
    except PortalError as error:
        return context | {"refused": str(error)}
    may = plan.allowed(request.user, row.incident)
    return context | {
        "plan": plan,
        "may_run": may,
        "waits_for_two": row.needs_approval or not may,
        "form": PlanForm(initial={"plan": plan.digest}),
    }
