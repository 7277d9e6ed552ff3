from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts import access, selectors, services
from apps.accounts.forms import MemberForm, TeamForm
from apps.accounts.views.pages import PersonRequest, attempt, shown, site_admin_required
from apps.core.access import is_site_admin
from apps.core.ui.tables import page


@login_required
@require_GET
def teams(request: PersonRequest) -> HttpResponse:
    """The teams the viewer may see."""
    rows = selectors.teams(request.user)
    sorts = {"name": "name", "created": "created_at"}
    return shown(request, "teams", {"page": page(rows, request, sorts=sorts, default="name")})


@site_admin_required
@require_http_methods(["GET", "POST"])
def new_team(request: PersonRequest) -> HttpResponse:
    form = TeamForm(request.POST or None)
    made = attempt(form, lambda: services.create_team(by=request.user, **form.cleaned_data))
    return redirect(made) if made else shown(request, "team_new", {"form": form})


@login_required
@require_http_methods(["GET", "POST"])
def team(request: PersonRequest, slug: str) -> HttpResponse:
    """One team; a site admin puts people into it here."""
    found = access.team(request.user, slug)
    context = {"team": found, "members": selectors.memberships(found)}
    if not is_site_admin(request.user):
        return shown(request, "team", context)
    form = MemberForm(found, request.POST or None)
    if attempt(form, lambda: services.add_member(team=found, by=request.user, **form.cleaned_data)):
        return redirect(found)
    return shown(request, "team", {**context, "form": form, "rename": _rename_form(found.name)})


@site_admin_required
@require_POST
def rename_team(request: PersonRequest, slug: str) -> HttpResponse:
    found = access.team(request.user, slug)
    form = TeamForm(request.POST)
    if attempt(
        form, lambda: services.rename_team(team=found, by=request.user, **form.cleaned_data)
    ):
        return redirect(found)
    found.refresh_from_db(fields=["name"])
    context = {"team": found, "members": selectors.memberships(found), "rename": form}
    return shown(request, "team", {**context, "form": MemberForm(found)})


@site_admin_required
@require_POST
def delete_team(request: PersonRequest, slug: str) -> HttpResponse:
    found = access.team(request.user, slug)
    services.delete_team(team=found, by=request.user)
    messages.success(request, f"The team {found} is deleted.")
    return redirect("accounts:teams")


@site_admin_required
@require_POST
def remove_member(request: PersonRequest, slug: str, user_id: int) -> HttpResponse:
    found = access.team(request.user, slug)
    services.remove_member(member=access.member(found, user_id), by=request.user)
    return redirect(found)


def _rename_form(name: str) -> TeamForm:
    return TeamForm(initial={"name": name}, auto_id="rename_%s")
