"""Documents as people read them."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Role, allows
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.docs import access, blocks, found, markdown, media, search, selectors, services, vitality
from apps.docs.forms import CompareForm, SearchForm
from apps.docs.search import Query
from apps.projects import selectors as projects

SORTS = {"title": "title", "kind": "kind", "changed": "updated_at"}
MOST_REVISIONS = 100


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """Every document the person may see, or what a search finds."""
    form = SearchForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    words = asked.get("q", "")
    hits = search.search(Query(request.user, words)) if words else []
    rows = selectors.narrowed(request.user, asked.get("kind", ""), asked.get("state", ""))
    listing = tables.page(rows, request, sorts=SORTS, default="title")
    context = {
        "form": form,
        "words": words,
        "narrowed": bool(asked.get("kind") or asked.get("state")),
        "hits": [found.shown(hit) for hit in hits],
        "listing": listing,
        "stale": {row.pk for row in listing.rows if vitality.stale_reasons(row)},
        "may_write": projects.held(request.user, Role.RESPONDER).exists(),
    }
    return render(request, "docs/list.html", context)


@login_required
@require_GET
def document(request: UserRequest, pk: int) -> HttpResponse:
    """One document: its text, whether it can be gone by, and whom it helped."""
    row = access.document(request.user, pk)
    page = markdown.read(row.body)
    context = {
        "document": row,
        "parts": markdown.parts(page, selectors.neighbours(row)),
        "revision": row.revisions.select_related("by").first(),
        "draft": selectors.draft_of(row),
        "stale": vitality.stale_reasons(row),
        "uses": vitality.uses(row),
        "links": row.links.all(),
        "attachments": row.attachments.defer("content"),
        "may_write": allows(request.user, row.project_id, Role.RESPONDER),
    }
    return render(request, "docs/document.html", context)


@login_required
@require_GET
def revisions(request: UserRequest, pk: int) -> HttpResponse:
    """What a document said before, and how two revisions differ."""
    row = access.document(request.user, pk)
    kept = list(row.revisions.select_related("by")[:MOST_REVISIONS])
    form = CompareForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    newest = kept[0].number if kept else 1
    after = access.revision(row, asked.get("after") or newest)
    before = access.revision(row, asked.get("before") or max(after.number - 1, 1))
    context = {
        "document": row,
        "revisions": kept,
        "before": before,
        "after": after,
        "may_write": allows(request.user, row.project_id, Role.RESPONDER),
    }
    return render(request, "docs/revisions.html", context)


@login_required
@require_GET
def block(request: UserRequest, pk: int, position: int) -> HttpResponse:
    """The present answer of one query block, as the viewer may see it."""
    row = access.document(request.user, pk)
    asked = markdown.query(markdown.read(row.body), position)
    context: dict[str, object] = {}
    try:
        context["answer"] = blocks.answer(request.user, row.project_id, asked)
    except PortalError as error:
        context["refused"] = str(error)
    return render(request, "docs/_block.html", context)


@login_required
@require_POST
def opened(request: UserRequest, pk: int) -> HttpResponse:
    """Note that the person has opened the document; the page says so by itself."""
    row = access.document(request.user, pk)
    services.note_use(document=row, kind="opened", by=request.user)
    return HttpResponse(status=204)


@login_required
@require_GET
def attachment(request: UserRequest, pk: int, name: str) -> HttpResponse:
    """A file beside a document: pictures are shown, everything else is saved."""
    row = access.attachment(access.document(request.user, pk), name)
    shown = row.media_type in media.INLINE
    answer = HttpResponse(bytes(row.content), content_type=row.media_type)
    kind = "inline" if shown else "attachment"
    answer["Content-Disposition"] = f'{kind}; filename="{row.name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@login_required
@require_GET
def health(request: UserRequest) -> HttpResponse:
    """Which documents cannot be trusted as they are, which nobody uses, and what has none."""
    context = {
        "worn": vitality.worn(request.user),
        "unused": vitality.unused(request.user),
        "lacking": vitality.lacking(request.user),
        "any": selectors.documents(request.user).exists(),
    }
    return render(request, "docs/health.html", context)
