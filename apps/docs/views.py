from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from apps.core.access import Role, allows
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.docs import access, found, markdown, search, selectors, services
from apps.docs.forms import DocumentForm, NewDocumentForm, SearchForm
from apps.docs.search import Query
from apps.projects import selectors as projects

SORTS = {"title": "title", "kind": "kind", "changed": "updated_at"}
MOST_REVISIONS = 30


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """Every document the person may see, or what a search finds."""
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    hits = search.search(Query(request.user, words)) if words else []
    context = {
        "form": form,
        "words": words,
        "hits": [found.shown(hit) for hit in hits],
        "listing": tables.page(
            selectors.documents(request.user), request, sorts=SORTS, default="title"
        ),
        "may_write": projects.held(request.user, Role.RESPONDER).exists(),
    }
    return render(request, "docs/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """Write a document."""
    form = NewDocumentForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        try:
            return redirect(services.write(by=request.user, **form.cleaned_data))
        except PortalError as error:
            form.refuse(error)
    status = 422 if form.is_bound else 200
    may_write = projects.held(request.user, Role.RESPONDER).exists()
    return render(request, "docs/new.html", {"form": form, "may_write": may_write}, status=status)


@login_required
@require_GET
def document(request: UserRequest, pk: int) -> HttpResponse:
    """One document, with what it said before."""
    row = access.document(request.user, pk)
    context = {
        "document": row,
        "html": markdown.html(markdown.read(row.body)),
        "revisions": row.revisions.select_related("by")[:MOST_REVISIONS],
        "may_write": allows(request.user, row.project_id, Role.RESPONDER),
    }
    return render(request, "docs/document.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: UserRequest, pk: int) -> HttpResponse:
    """Revise a document; what it said before stays as a revision."""
    row = access.document(request.user, pk, Role.RESPONDER)
    kept = {"title": row.title, "body": row.body}
    form = DocumentForm(request.POST if request.method == "POST" else None, initial=kept)
    if form.is_valid():
        try:
            services.revise(document=row, by=request.user, **form.cleaned_data)
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, "The document is revised.")
            return redirect(row)
    status = 422 if form.is_bound else 200
    return render(request, "docs/edit.html", {"document": row, "form": form}, status=status)
