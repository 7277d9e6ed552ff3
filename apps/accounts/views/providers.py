from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts import access, issuer, oidc, selectors, services
from apps.accounts.forms import NewProviderForm, ProviderForm, provider_values
from apps.accounts.models import IdentityProvider
from apps.accounts.views.pages import PersonRequest, attempt, shown, site_admin_required


@site_admin_required
@require_GET
def providers(request: PersonRequest) -> HttpResponse:
    return shown(request, "providers", {"providers": selectors.providers()})


@site_admin_required
@require_http_methods(["GET", "POST"])
def new_provider(request: PersonRequest) -> HttpResponse:
    form = NewProviderForm(request.POST or None)
    made = attempt(form, lambda: _create(form, request))
    if made is None:
        return shown(request, "provider_new", {"form": form})
    return _tested(request, made)


@site_admin_required
@require_http_methods(["GET", "POST"])
def provider(request: PersonRequest, slug: str) -> HttpResponse:
    """One issuer: its settings, and what to register there."""
    found = access.provider(request.user, slug)
    form = ProviderForm(request.POST or None, initial=provider_values(found))
    saved = attempt(form, lambda: _update(form, request, found))
    if saved is not None:
        return _tested(request, saved)
    context = {"provider": found, "form": form, "callback": oidc.callback_url(found.slug)}
    return shown(request, "provider", context)


@site_admin_required
@require_POST
def check_provider(request: PersonRequest, slug: str) -> HttpResponse:
    return _tested(request, access.provider(request.user, slug))


@site_admin_required
@require_POST
def delete_provider(request: PersonRequest, slug: str) -> HttpResponse:
    found = access.provider(request.user, slug)
    services.delete_provider(provider=found, by=request.user)
    messages.success(request, f"Nobody signs in through {found} any more.")
    return redirect("accounts:providers")


def _create(form: NewProviderForm, request: PersonRequest) -> IdentityProvider:
    return services.create_provider(
        slug=form.cleaned_data["slug"],
        wanted=form.settings(),
        client_secret=form.cleaned_data["client_secret"],
        by=request.user,
    )


def _update(
    form: ProviderForm, request: PersonRequest, found: IdentityProvider
) -> IdentityProvider:
    return services.update_provider(
        provider=found,
        wanted=form.settings(),
        client_secret=form.cleaned_data["client_secret"],
        by=request.user,
    )


def _tested(request: PersonRequest, found: IdentityProvider) -> HttpResponse:
    """Say at once whether the issuer answers as a sign-in will need."""
    if problem := issuer.problem_of(found.issuer):
        messages.warning(request, problem)
    else:
        messages.success(request, f"{found} answers as signing in needs it.")
    return redirect(found)
