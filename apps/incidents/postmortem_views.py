"""Post-mortems and what was promised in them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Role, allows
from apps.core.errors import NotFound, PortalError
from apps.core.typing import UserRequest
from apps.docs import selectors as documents
from apps.incidents import access, postmortems
from apps.incidents.models import Incident
from apps.incidents.postmortem_forms import ActionForm, LessonForm
from apps.incidents.postmortems import exports, numbers
from apps.incidents.runbooks import shown
from apps.models import downloads

TEMPLATE = "incidents/postmortem/page.html"


@login_required
@require_http_methods(["GET", "POST"])
def post_mortem(request: UserRequest, pk: int) -> HttpResponse:
    """The post-mortem of an incident; a POST has it drafted from the record."""
    least = Role.RESPONDER if request.method == "POST" else Role.VIEWER
    row = access.incident(request.user, pk, least)
    if request.method == "POST":
        postmortems.begin(incident=row, by=request.user)
        return redirect("incidents:post_mortem", pk)
    return render(request, TEMPLATE, _page(request, row))


@login_required
@require_GET
def export(request: UserRequest, pk: int) -> HttpResponse:
    """The post-mortem as a file: `format` is md or pdf."""
    row = access.incident(request.user, pk)
    if (found := postmortems.of(row)) is None:
        raise NotFound(what="post-mortem")
    form = request.GET.get("format", "md")
    return downloads.exported(exports.export(found, form, made_at=timezone.now()))


@login_required
@require_POST
def add(request: UserRequest, pk: int) -> HttpResponse:
    """Write down an action with owner and date."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    form = ActionForm(request.POST, incident=row)
    if form.is_valid():
        try:
            postmortems.add_action(incident=row, by=request.user, **form.cleaned_data)
            return redirect("incidents:post_mortem", pk)
        except PortalError as error:
            form.refuse(error)
    return render(request, TEMPLATE, _page(request, row) | {"form": form}, status=422)


@login_required
@require_POST
def done(request: UserRequest, pk: int) -> HttpResponse:
    """Say that an action is done: its owner may, and responders."""
    row = access.ended_action(request.user, pk)
    try:
        postmortems.finish(action=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("incidents:post_mortem", row.incident_id)


@login_required
@require_POST
def lesson(request: UserRequest, pk: int) -> HttpResponse:
    """Propose what was learned as a draft of a runbook, and open its editor."""
    row = access.incident(request.user, pk, Role.RESPONDER)
    offered = shown.offered(request.user, row)
    form = LessonForm(request.POST, offered=offered)
    if not form.is_valid():
        context = _page(request, row) | {"lesson_form": form}
        return render(request, TEMPLATE, context, status=422)
    runbook = form.cleaned_data["runbook"]
    postmortems.propose(incident=row, runbook=runbook, by=request.user)
    messages.success(request, "The section is proposed as a draft. Read it, and publish it.")
    return redirect(reverse("docs:edit", args=[runbook.pk]))


def _page(request: UserRequest, row: Incident) -> dict[str, object]:
    found = postmortems.of(row)
    offered = shown.offered(request.user, row)
    actions = row.actions.select_related("owner", "ticket", "done_by")
    today, figures = timezone.localdate(), numbers.of(row)
    return {
        "incident": row,
        "post_mortem": found,
        "document": found.document if found else None,
        "draft": documents.draft_of(found.document) if found else None,
        "numbers": figures,
        "to_acknowledge": numbers.said(figures.to_acknowledge),
        "to_resolve": numbers.said(figures.to_resolve),
        "actions": [(each, each.is_late(today)) for each in actions],
        "form": ActionForm(incident=row),
        "lesson_form": LessonForm(offered=offered) if offered else None,
        "may_respond": allows(request.user, row.project_id, Role.RESPONDER),
    }
