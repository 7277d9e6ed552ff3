"""The page of the one search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import is_site_admin, require_site_admin
from apps.core.typing import UserRequest
from apps.docs import found, search, services
from apps.docs.forms import EverythingForm
from apps.docs.search import Query


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A link that shows only the results of one kind or project."""

    label: str
    count: int
    url: str
    chosen: bool


@login_required
@require_GET
def found_everywhere(request: UserRequest) -> HttpResponse:
    """What the words find among everything the person may see."""
    form = EverythingForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    query = Query(
        request.user, asked.get("q", ""), asked.get("project") or None, tag=asked.get("tag") or None
    )
    wanted = {kind for kind in [asked.get("kind")] if kind}
    answer = search.look(query, wanted)
    context = {
        "form": form,
        "words": query.clean,
        "answer": answer,
        "hits": [found.shown(hit) for hit in answer.hits],
        "narrowings": _narrowings(request, answer.facets),
        "instead": f"?{urlencode({**_given(request), 'q': answer.suggestion})}",
        "may_reindex": is_site_admin(request.user),
    }
    return render(request, "docs/search.html", context)


@login_required
@require_POST
def reindex(request: UserRequest) -> HttpResponse:
    """Have every document cut and counted anew."""
    require_site_admin(request.user)
    job = services.ask_reindex(by=request.user)
    messages.success(request, "The index is being made anew; search goes on meanwhile.")
    return redirect(job)


def _given(request: HttpRequest) -> dict[str, Any]:
    return {name: value for name, value in request.GET.items() if value}


def _narrowings(request: HttpRequest, facets: dict[str, dict[str, int]]) -> list[Narrowing]:
    given = _given(request)
    found = []
    for name in ("kind", "project"):
        for value, count in sorted(facets.get(name, {}).items(), key=lambda pair: -pair[1])[:12]:
            chosen = given.get(name) == value
            there = {key: text for key, text in given.items() if key != name}
            url = f"?{urlencode(there if chosen else {**there, name: value})}"
            found.append(Narrowing(value, count, url, chosen))
    return found
