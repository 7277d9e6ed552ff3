"""The steps of signing in where django-allauth's own pages do not fit."""

from __future__ import annotations

from allauth.account.views import password_reset as allauth_password_reset
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render

from apps.accounts.errors import ProviderUnfit
from apps.accounts.oidc import StrictAdapter


def to_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send somebody to their identity provider.

    The policy of our pages lets no form lead to another site, so a page of ours goes there instead.
    """
    try:
        response = OAuth2LoginView.adapter_view(StrictAdapter(request, provider_id))(request)
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    except OAuth2Error as error:
        raise ProviderUnfit(reason="it does not answer as it should. Try again later.") from error
    if isinstance(response, HttpResponseRedirect) and "://" in response.url:
        return render(request, "accounts/to_provider.html", {"url": response.url})
    return response  # type: ignore[no-any-return]


def from_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Somebody comes back from their identity provider."""
    try:
        view = OAuth2CallbackView.adapter_view(StrictAdapter(request, provider_id))
        return view(request)  # type: ignore[no-any-return]
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    except ImmediateHttpResponse as error:
        return error.response  # type: ignore[no-any-return]


def password_reset(request: HttpRequest) -> HttpResponse:
    """By mail where there is mail; else the page says whom to ask."""
    if settings.MAIL.host:
        return allauth_password_reset(request)  # type: ignore[no-any-return]
    return render(request, "accounts/no_mail.html")


def own_addresses(request: HttpRequest) -> HttpResponse:
    """Addresses decide who signs in as whom, so a site admin enters them and nobody else."""
    return redirect("accounts:profile")
