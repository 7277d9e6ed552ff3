from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Role, allows
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.predictions import access, selectors, services, shown, sources
from apps.predictions.forms import ErasureForm, LogFilterForm, RetentionForm
from apps.predictions.sources import Source

PER_PAGE = 50


@login_required
@require_GET
def log(request: UserRequest, slug: str) -> HttpResponse:
    """The newest predictions of a deployment."""
    source = sources.resolve(request.user, slug, Role.VIEWER)
    form = LogFilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    if wanted.get("id"):
        return redirect(f"record/?{tables.keeping(request.GET, before=None)[1:]}")
    found = selectors.log_page(
        source.deployment_id, most=PER_PAGE, before=shown.cursor(request.GET.get("before", "")),
        since=wanted.get("since"), until=wanted.get("until"), version=wanted.get("version", ""),
    )  # fmt: skip
    following = shown.cursor_of(found[-1]) if len(found) == PER_PAGE else None
    context = {
        "form": form,
        "lines": [shown.Line(row) for row in found],
        "next": tables.keeping(request.GET, before=following) if following else None,
        "total": selectors.count(source.deployment_id),
    }
    return _page(request, "log", source, context)


@login_required
@require_GET
def record(request: UserRequest, slug: str) -> HttpResponse:
    """One prediction by `?id=`; with `?at=` its time in seconds, only what holds that time is read."""
    source = sources.resolve(request.user, slug, Role.VIEWER)
    key = request.GET.get("id", "")[:200]
    found = selectors.record(source.deployment_id, key, at=request.GET.get("at"))
    context: dict[str, Any] = {"key": key, "found": found}
    if found is not None:
        context |= {
            "line": shown.Line(found.row),
            "history": [shown.Line(t) for t in found.history],
        }
    return _page(request, "record", source, context, status=200 if found else 404)


@login_required
@require_GET
def set_aside(request: UserRequest, slug: str) -> HttpResponse:
    """What could not be taken in, and why."""
    source = sources.resolve(request.user, slug, Role.VIEWER)
    found = selectors.set_aside(source.deployment_id)
    listing = tables.page(found, request, sorts={"at": "at", "reason": "reason"}, default="-at")
    context = {
        "listing": listing,
        "texts": [(row, shown.set_aside_text(row)) for row in listing.rows],
        "reasons": selectors.set_aside_reasons(source.deployment_id),
        "may_replay": allows(request.user, source.project_id, Role.CONTRIBUTOR),
    }
    return _page(request, "set_aside", source, context)


@login_required
@require_GET
def download_set_aside(request: UserRequest, slug: str) -> StreamingHttpResponse:
    """All of it as NDJSON."""
    source = sources.resolve(request.user, slug, Role.VIEWER)
    lines = shown.lines_of_set_aside(selectors.set_aside(source.deployment_id).iterator(1000))
    name = f'attachment; filename="{source.slug}-set-aside.ndjson"'
    headers = {"Content-Disposition": name}
    return StreamingHttpResponse(lines, content_type="application/x-ndjson", headers=headers)


@login_required
@require_POST
def replay(request: UserRequest, slug: str) -> HttpResponse:
    """Take all of it in once more."""
    source = sources.resolve(request.user, slug, Role.CONTRIBUTOR)
    try:
        done = services.replay(source=source, ids=None, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
        return redirect("predictions:set_aside", slug)
    told = f"{done.accepted} taken in, {done.duplicates} were there, {len(done.set_aside)} stay."
    messages.success(request, told)
    return redirect("predictions:set_aside", slug)


@login_required
@require_POST
def discard(request: UserRequest, slug: str) -> HttpResponse:
    """Delete all of it."""
    source = sources.resolve(request.user, slug, Role.CONTRIBUTOR)
    try:
        count = services.discard_set_aside(source=source, ids=None, by=request.user)
        messages.success(request, f"{count} records were discarded.")
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("predictions:set_aside", slug)


@login_required
@require_http_methods(["GET", "POST"])
def retention(request: UserRequest, slug: str) -> HttpResponse:
    """For how long the project keeps its predictions."""
    needed = Role.OWNER if request.method == "POST" else Role.VIEWER
    source = sources.resolve(request.user, slug, needed)
    kept = access.retention(source.project_id)
    form = RetentionForm(request.POST or None, initial={"days": kept.days if kept else None})
    if request.method == "POST" and form.is_valid():
        services.keep_for(
            project=access.project_of(source), days=form.cleaned_data["days"], by=request.user
        )
        messages.success(request, "The next sweep, within an hour, keeps to it.")
        return redirect("predictions:retention", slug)
    may = allows(request.user, source.project_id, Role.OWNER)
    context = {"kept": kept, "form": form, "may_change": may}
    return _page(request, "retention", source, context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def erasures(request: UserRequest, slug: str) -> HttpResponse:
    """What was erased, and a form to begin another."""
    needed = Role.MAINTAINER if request.method == "POST" else Role.VIEWER
    source = sources.resolve(request.user, slug, needed)
    form = ErasureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.request_erasure(source=source, by=request.user, **form.cleaned_data)
            return redirect(row)
        except PortalError as error:
            form.refuse(error)
    found = selectors.erasures(request.user).filter(deployment_id=source.deployment_id)
    context = {
        "form": form,
        "listing": tables.page(found, request, sorts={"at": "requested_at"}, default="-at"),
        "may_erase": allows(request.user, source.project_id, Role.MAINTAINER),
    }
    return _page(request, "erasures", source, context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def erasure(request: UserRequest, slug: str, pk: int) -> HttpResponse:
    """The certificate of one erasure."""
    source = sources.resolve(request.user, slug, Role.VIEWER)
    row = access.erasure_of(request.user, source, pk)
    may = allows(request.user, source.project_id, Role.MAINTAINER)
    return _page(request, "erasure", source, {"row": row, "may_erase": may})


@login_required
@require_GET
def certificate(request: UserRequest, slug: str, pk: int) -> JsonResponse:
    """The certificate as a file."""
    source = sources.resolve(request.user, slug, Role.VIEWER)
    row = access.erasure_of(request.user, source, pk)
    name = f'attachment; filename="erasure-{row.pk}.json"'
    headers = {"Content-Disposition": name}
    return JsonResponse(shown.certificate_of(row), headers=headers, json_dumps_params={"indent": 1})


@login_required
@require_POST
def again(request: UserRequest, slug: str, pk: int) -> HttpResponse:
    """Begin a failed erasure anew."""
    source = sources.resolve(request.user, slug, Role.MAINTAINER)
    row = access.erasure_of(request.user, source, pk)
    services.try_again(erasure=row, by=request.user)
    return redirect("predictions:erasure", slug, pk)


def _page(
    request: UserRequest, name: str, source: Source, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    context = {"source": source, "deployment": source, **context}
    return render(request, f"predictions/{name}.html", context, status=status)
