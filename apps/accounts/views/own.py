"""The pages everybody has about themselves."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import access, places, selectors, services
from apps.accounts.forms import ProfileForm, TokenForm
from apps.accounts.models import ApiToken, User
from apps.accounts.views.pages import PersonRequest, attempt, shown
from apps.core.ui.tables import page

YEAR = 365 * 24 * 3600


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: PersonRequest) -> HttpResponse:
    """One's name, time zone and theme, and the ways to sign in."""
    form = ProfileForm(request.POST or None, initial=_profile(request.user))
    saved = attempt(form, lambda: services.edit_profile(person=request.user, **form.cleaned_data))
    if saved is None:
        context = {"form": form, "factors": selectors.factor_count(request.user)}
        return shown(request, "profile", context)
    messages.success(request, "Saved.")
    response = redirect("accounts:profile")
    response.set_cookie("theme", saved.theme, max_age=YEAR, samesite="Lax")
    return response


@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: PersonRequest) -> HttpResponse:
    """One's tokens; the text of a new one is shown in this answer and never again."""
    form = TokenForm(request.user, request.user, request.POST or None)
    made = attempt(form, lambda: make_token(form, request.user, request.user))
    rows = selectors.tokens_of(request.user, request.user)
    context = {
        "form": TokenForm(request.user, request.user) if made else form,
        "page": page(rows, request, sorts={"created": "pk", "name": "name"}, default="-created"),
        "made": made,
        "places": {place.id: place.name for place in places.visible_to(request.user)},
        "owner": request.user,
    }
    return shown(request, "tokens", context)


@login_required
@require_POST
def revoke_token(request: PersonRequest, pk: int) -> HttpResponse:
    """End a token: one's own, or one of a service account."""
    token = access.token(request.user, pk)
    services.revoke_token(token=token, by=request.user)
    messages.success(request, f"The token {token.name} is revoked.")
    return redirect(token.user if token.user.is_service else "accounts:tokens")


def make_token(form: TokenForm, user: User, by: User) -> tuple[ApiToken, str]:
    """The token that a valid form asks for, and its text."""
    return services.create_token(
        user=user,
        name=form.cleaned_data["name"],
        by=by,
        role=form.cleaned_data["role"],
        project_ids=form.cleaned_data["projects"],
        expires_at=form.cleaned_data["days"],
    )


def _profile(user: User) -> dict[str, str]:
    return {"full_name": user.get_full_name(), "time_zone": user.time_zone, "theme": user.theme}
