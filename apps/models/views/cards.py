from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from apps.core.access import Role
from apps.core.access import allows as holds
from apps.core.typing import UserRequest
from apps.models import access, downloads, services
from apps.models.cards import exports, whole
from apps.models.models import RegisteredModel
from apps.models.views.frame import frame


@login_required
@require_http_methods(["GET", "POST"])
def card(request: UserRequest, pk: int) -> HttpResponse:
    """A model's card: as a page, as a file with `format`; a POST begins its written part."""
    if request.method == "POST":
        model = access.model(request.user, pk, Role.RESPONDER)
        document = services.write_card(model=model, by=request.user)
        return redirect(reverse("docs:edit", args=[document.pk]))
    model = access.model(request.user, pk)
    version = access.numbered(model, request.GET.get("version"))
    found = whole.card(model, version)
    if form := request.GET.get("format"):
        return downloads.exported(exports.export(found, form, made_at=timezone.now()))
    return render(request, "models/card.html", {**_shown(request, model, found), **frame(request)})


def _shown(
    request: UserRequest, model: RegisteredModel, found: whole.WholeCard
) -> dict[str, object]:
    version = found.facts.version
    return {
        "model": model,
        "card": found,
        "version": version,
        "query": f"version={version.number}&" if version else "",
        "formats": [("pdf", "PDF"), ("html", "HTML"), ("md", "Markdown")],
        "may_write": holds(request.user, model.project_id, Role.RESPONDER),
    }
