"""How django-allauth signs people in here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accounts import journal, selectors, services
from apps.accounts.errors import AddressTaken
from apps.accounts.issuer import DoorSession
from apps.accounts.models import IdentityProvider, User
from apps.accounts.oidc import StrictProvider, app_of
from apps.core import crypto

YEAR = 365 * 24 * 3600


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are invited by a site admin or come through an identity provider; nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        """Only pages of this very portal may follow a sign-in."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts={self.request.get_host()})

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        if user.is_service:
            return self.respond_user_inactive(request, user)  # type: ignore[no-any-return]
        return super().pre_login(request, user, **kwargs)  # type: ignore[no-any-return]

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Groups count from the moment of signing in, once every factor was right."""
        sociallogin = (kwargs.get("signal_kwargs") or {}).get("sociallogin")
        if sociallogin is not None:
            _follow_groups(user, sociallogin)
        response: HttpResponse = super().post_login(request, user, **kwargs)
        response.set_cookie("theme", user.theme, max_age=YEAR, samesite="Lax")
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        login = credentials.get("username") or credentials.get("email") or ""
        journal.sign_in_failed(selectors.user_signing_in(login.replace("\x00", "")))

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Mail names the public address, not the one that the visitor's request claims."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return f"{settings.PUBLIC_URL}{path.replace('UID-KEY', key)}"

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Failures count per person: another spelling, address or host name gives no new tries."""
        login = credentials.get("username") or credentials.get("email") or ""
        return attempts_key(login.replace("\x00", ""))


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Identity providers are rows with an encrypted secret."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        rows = IdentityProvider.objects.filter(enabled=True)
        if provider and provider != StrictProvider.id:
            rows = rows.filter(slug=provider)
        if client_id:
            rows = rows.filter(client_id=client_id)
        # The secret is opened for the one that is used, not for the buttons on the page.
        return [app_of(row, with_secret=bool(provider)) for row in rows]

    def list_providers(self, request: HttpRequest) -> list[StrictProvider]:
        return [StrictProvider(request, app=app) for app in self.list_apps(request)]

    def get_provider(
        self, request: HttpRequest, provider: str, client_id: str | None = None
    ) -> StrictProvider:
        app = self.get_app(request, provider=provider, client_id=client_id)
        return StrictProvider(request, app=app)

    def get_requests_session(self) -> DoorSession:
        return DoorSession()

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """A verified address opens an account, never a site admin's and never while connecting."""
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            return None
        for email in _verified(sociallogin):
            if person := selectors.person_matching(email):
                return person, email
        return None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """A newcomer keeps only an address that the issuer vouches for, and takes nobody else's."""
        if sociallogin.state.get("process") == AuthProcess.CONNECT or sociallogin.is_existing:
            return
        addresses = _verified(sociallogin)
        if any(selectors.address_known(email) for email in addresses):
            raise AddressTaken(provider=sociallogin.provider.name)
        sociallogin.email_addresses = [
            address for address in sociallogin.email_addresses if address.verified
        ]
        sociallogin.user.email = addresses[0] if addresses else ""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        slug = sociallogin.account.provider
        return IdentityProvider.objects.filter(slug=slug, enabled=True, creates_users=True).exists()


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second-factor secrets are encrypted at rest."""

    def encrypt(self, text: str) -> str:
        return crypto.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys belong to the public address, whatever host a request names."""
        return {"id": urlsplit(settings.PUBLIC_URL).hostname or "", "name": "Signalbox"}


class UserSessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    """Ended sessions are in the ledger."""

    def end_sessions(self, sessions: Any) -> None:
        for session in sessions:
            journal.session_ended(session)
            session.end()


def attempts_key(login: str) -> str:
    """Under which name failed sign-ins are counted."""
    user = selectors.user_signing_in(login)
    return f"user:{user.pk}" if user else f"login:{login.casefold()}"


def forget_failures(user: User) -> None:
    """Let somebody try again at once who had typed too many wrong passwords."""
    for rate in ratelimit.get_rates(app="allauth.account", action="login_failed"):
        if rate.per == "key":
            key = ratelimit.get_cache_key(
                HttpRequest(),
                app="allauth.account",
                action="login_failed",
                rate=rate,
                key=f"user:{user.pk}",
            )
            ratelimit.cache.delete(key)


def _follow_groups(user: User, sociallogin: SocialLogin) -> None:
    provider = IdentityProvider.objects.filter(slug=sociallogin.account.provider).first()
    if provider is not None:
        groups = sociallogin.account.extra_data.get("userinfo", {}).get("groups", [])
        services.keep_in_step(user=user, provider=provider, groups=groups)


def _verified(sociallogin: SocialLogin) -> list[str]:
    return [address.email for address in sociallogin.email_addresses if address.verified]
