"""django-allauth's OpenID Connect, stricter: signatures and issuer are always checked."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from apps.accounts import issuer
from apps.accounts.models import IdentityProvider

LONGEST_SUBJECT = 191
MOST_GROUPS = 1000
NAMES = ("name", "given_name", "family_name", "preferred_username")


def app_of(provider: IdentityProvider, *, with_secret: bool) -> SocialApp:
    """The provider in the shape that django-allauth reads; never stored."""
    secret = provider.client_secret.reveal() if with_secret and provider.client_secret else ""
    return SocialApp(
        provider=OpenIDConnectProvider.id,
        provider_id=provider.slug,
        name=provider.name[:40],
        client_id=provider.client_id,
        secret=secret,
        settings={
            "server_url": issuer.configuration_url(provider.issuer),
            "issuer": provider.issuer,
            "groups_claim": provider.groups_claim,
            "scope": provider.scopes.split(),
            "verified_email": provider.trusts_email,
            "oauth_pkce_enabled": True,
        },
    )


def callback_url(slug: str) -> str:
    """The address to register with the issuer."""
    return f"{settings.PUBLIC_URL}{reverse('openid_connect_callback', args=[slug])}"


class StrictAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The exchange of a code for claims that can be trusted."""

    _found: dict[str, Any] | None = None

    @property
    def openid_config(self) -> dict[str, Any]:
        if self._found is None:
            self._found = issuer.configuration(self.get_provider().app.settings["issuer"])
        return self._found

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return callback_url(self.provider_id)

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        claims = self._claims(app, kwargs["response"].get("id_token"), token.token)
        kept = kept_claims(claims, groups_claim=app.settings["groups_claim"])
        return self.get_provider().sociallogin_from_response(request, {"userinfo": kept})

    def _claims(self, app: SocialApp, id_token: Any, access_token: str) -> dict[str, Any]:
        if not isinstance(id_token, str):
            raise OAuth2Error("The identity provider sent no ID token")
        keys = issuer.DoorSession().get(self.openid_config["jwks_uri"]).json()
        name = self.openid_config["issuer"]
        claims = issuer.verified(id_token, keys=keys, issuer=name, client_id=app.client_id)
        if "userinfo_endpoint" not in self.openid_config:
            return claims
        more = self._fetch_user_info(access_token)
        if not isinstance(more, dict) or more.get("sub") != claims["sub"]:
            raise OAuth2Error("The identity provider speaks of two people")
        return {**claims, **more}


class StrictProvider(OpenIDConnectProvider):  # type: ignore[misc]
    """An issuer from a row of ours."""

    oauth2_adapter_class = StrictAdapter


def kept_claims(claims: dict[str, Any], *, groups_claim: str) -> dict[str, Any]:
    """What the portal needs of the claims, in the shapes it expects; the rest is not stored."""
    subject = _text(claims.get("sub"))
    if not 0 < len(subject) <= LONGEST_SUBJECT:
        raise OAuth2Error("The identity provider names nobody")
    return {
        "sub": subject,
        "email": _text(claims.get("email")).lower(),
        "email_verified": claims.get("email_verified") in (True, "true"),
        "groups": _groups(claims, groups_claim),
        **{name: _text(claims.get(name)) for name in NAMES},
    }


def _groups(claims: dict[str, Any], name: str) -> list[str]:
    """The groups under a claim; `realm_access.roles` reaches into a claim that is an object."""
    found: Any = claims
    for part in [name] if name in claims else name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list):
        return []
    return [_text(group) for group in listed if isinstance(group, str)][:MOST_GROUPS]


def _text(value: Any) -> str:
    return value.replace("\x00", "")[:500] if isinstance(value, str) else ""
