"""Who sees what and why, and what belongs to nobody any more."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from apps.accounts import orphans as registry
from apps.accounts import selectors
from apps.accounts.forms import ExplainForm
from apps.accounts.views.pages import PersonRequest, shown, site_admin_required
from apps.core import access
from apps.core.access import Role


@login_required
@require_GET
def explain(request: PersonRequest) -> HttpResponse:
    """Everything that leads to somebody's role in a project; for its owners, and about oneself."""
    asked = bool(request.GET.get("person"))
    form = ExplainForm(selectors.users(request.user), request.user, request.GET if asked else None)
    context: dict[str, object] = {"form": form}
    if asked and form.is_valid():
        person, project_id = form.cleaned_data["person"], int(form.cleaned_data["project"])
        if person != request.user:
            access.require(request.user, project_id, Role.OWNER)
        context["answer"] = selectors.explanation(person, project_id)
    return shown(request, "explain", context)


@site_admin_required
@require_GET
def orphans(request: PersonRequest) -> HttpResponse:
    """Records whose owner has left, and leavers."""
    context = {
        "orphans": registry.visible_to(request.user),
        "leavers": selectors.leavers()[:200],
    }
    return shown(request, "orphans", context)
