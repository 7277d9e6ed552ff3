"""Documents as people write them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.docs import access, markdown, selectors, services
from apps.docs.errors import RevisedMeanwhile
from apps.docs.forms import AttachForm, DocumentForm, NewDocumentForm, StartForm
from apps.docs.models import Document
from apps.docs.starts import STARTS
from apps.projects import selectors as projects


@login_required
@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """Write a document; `kind` in the address begins it as that kind is begun."""
    start = StartForm(request.GET)
    begun = start.cleaned_data["kind"] if start.is_valid() else "runbook"
    initial = {"kind": begun, "body": STARTS[begun]}
    sent = request.POST if request.method == "POST" else None
    form = NewDocumentForm(sent, user=request.user, initial=initial)
    if form.is_valid() and "preview" not in request.POST:
        try:
            draft = "draft" in request.POST
            return redirect(services.write(by=request.user, draft=draft, **form.cleaned_data))
        except PortalError as error:
            form.refuse(error)
    context = {
        "form": form,
        "starts": list(STARTS),
        "begun": begun,
        "preview": _parts(request.POST.get("body", "")) if "preview" in request.POST else None,
        "may_write": projects.held(request.user, Role.RESPONDER).exists(),
    }
    return render(request, "docs/new.html", context, status=_status(request, form))


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: UserRequest, pk: int) -> HttpResponse:
    """Revise a document; what it said before stays as a revision."""
    row = access.document(request.user, pk, Role.RESPONDER)
    form = DocumentForm(request.POST if request.method == "POST" else None, initial=_kept(row))
    context: dict[str, object] = {"document": row, "form": form}
    if form.is_valid() and "preview" not in request.POST:
        try:
            return _save(request, row, form)
        except RevisedMeanwhile as error:
            return _conflict(request, row, form, error)
        except PortalError as error:
            form.refuse(error)
    if "preview" in request.POST:
        context["preview"] = _parts(request.POST.get("body", ""))
    return render(request, "docs/edit.html", context, status=_status(request, form))


@login_required
@require_POST
def preview(request: UserRequest) -> HttpResponse:
    """A text as its page will show it; nothing is kept."""
    return render(request, "docs/_preview.html", {"preview": _parts(request.POST.get("body", ""))})


@login_required
@require_POST
def publish(request: UserRequest, pk: int) -> HttpResponse:
    """Let the newest draft be what the document says."""
    row = access.document(request.user, pk, Role.RESPONDER)
    services.publish(document=row, by=request.user)
    messages.success(request, "The draft is published.")
    return redirect(row)


@login_required
@require_POST
def restore(request: UserRequest, pk: int, number: int) -> HttpResponse:
    """Let the document say again what a revision said."""
    row = access.document(request.user, pk, Role.RESPONDER)
    services.restore(document=row, revision=access.revision(row, number), by=request.user)
    messages.success(request, f"Revision {number} is what the document says again.")
    return redirect(row)


@login_required
@require_POST
def bring_back(request: UserRequest, pk: int) -> HttpResponse:
    """Keep a document that its source has dropped."""
    row = access.document(request.user, pk, Role.RESPONDER)
    services.bring_back(document=row, by=request.user)
    messages.success(request, "The document is back. It belongs to no source any more.")
    return redirect(row)


@login_required
@require_http_methods(["GET", "POST"])
def attach(request: UserRequest, pk: int) -> HttpResponse:
    """Put a file beside a document."""
    row = access.document(request.user, pk, Role.RESPONDER)
    sent = request.method == "POST"
    form = AttachForm(request.POST, request.FILES) if sent else AttachForm()
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            content = file.read(services.LARGEST_ATTACHMENT + 1)
            services.attach(document=row, name=file.name, content=content, by=request.user)
            return redirect(row)
        except PortalError as error:
            form.refuse(error)
    context = {"document": row, "form": form}
    return render(request, "docs/attach.html", context, status=_status(request, form))


@login_required
@require_POST
def detach(request: UserRequest, pk: int, name: str) -> HttpResponse:
    """Take a file away from its document."""
    row = access.document(request.user, pk, Role.RESPONDER)
    services.detach(attachment=access.attachment(row, name), by=request.user)
    return redirect(row)


def _save(request: UserRequest, row: Document, form: DocumentForm) -> HttpResponse:
    if "propose" in request.POST:
        body = form.cleaned_data["body"]
        services.request_proposal(document=row, body=body, by=request.user)
        messages.success(request, "The edit is kept as a draft and is sent as a branch.")
        return redirect(row)
    draft = "draft" in request.POST
    services.revise(document=row, by=request.user, draft=draft, **form.cleaned_data)
    said = "The draft is kept; the page says what it said." if draft else "The document is revised."
    messages.success(request, said)
    return redirect(row)


def _conflict(
    request: UserRequest, row: Document, form: DocumentForm, error: PortalError
) -> HttpResponse:
    """Both texts and their difference; saving again is the decision to take this one."""
    row = access.document(request.user, row.pk, Role.RESPONDER)
    theirs = access.revision(row, selectors.newest_number(row))
    mine = form.cleaned_data["body"]
    again = DocumentForm(
        initial={"title": form.cleaned_data["title"], "body": mine, "seen": theirs.number}
    )
    context = {"document": row, "form": again, "theirs": theirs, "mine": mine, "said": str(error)}
    return render(request, "docs/conflict.html", context, status=409)


def _kept(row: Document) -> dict[str, object]:
    """What the editor opens with: the draft that waits, else what the document says."""
    draft = selectors.draft_of(row)
    shown = draft or row
    return {"title": shown.title, "body": shown.body, "seen": selectors.newest_number(row)}


def _parts(body: str) -> object:
    """The stretches of a preview, or the sentence that says why there is none."""
    try:
        page = markdown.read(body)
        return {"parts": markdown.parts(page), "meaning": page.meaning}
    except PortalError as error:
        return {"refused": str(error)}


def _status(request: UserRequest, form: AttachForm | DocumentForm) -> int:
    return 422 if form.is_bound and "preview" not in request.POST else 200
