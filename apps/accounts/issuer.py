"""The portal's side of OpenID Connect: every call to an issuer passes the one door out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import jwt
from allauth.socialaccount.providers.oauth2.client import OAuth2Error

from apps.accounts.errors import ProviderUnfit
from apps.core.errors import PortalError
from apps.core.http import Http, Timeout
from apps.core.http import Response as DoorResponse

SERVICE = "The identity provider"
WELL_KNOWN = "/.well-known/openid-configuration"
TIMEOUT = Timeout(connect=5.0, read=8.0, total=12.0)
MOST_BYTES = 1024 * 1024
# Only signatures that the issuer alone can make.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
CLOCKS_DIFFER = 60  # seconds
REFUSALS = (400, 401, 403)
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


def configuration_url(issuer: str) -> str:
    """Where an issuer publishes its endpoints."""
    return f"{issuer.rstrip('/')}{WELL_KNOWN}"


def configuration(issuer: str) -> dict[str, Any]:
    """What the issuer publishes about itself; `ProviderUnfit` says what is wrong with it."""
    found = _fetch(configuration_url(issuer))
    named = found.get("issuer")
    if not isinstance(named, str) or named.rstrip("/") != issuer.rstrip("/"):
        reason = f"it calls itself {str(named)[:200]!r} and not what is entered as its issuer."
        raise ProviderUnfit(reason=reason)
    for name in ENDPOINTS:
        value = found.get(name)
        if not isinstance(value, str) or urlsplit(value).scheme not in {"http", "https"}:
            raise ProviderUnfit(reason=f"it publishes no {name}; is it an OpenID Connect issuer?")
    return found


def check(issuer: str) -> None:
    """Everything a sign-in will need, without anybody signing in."""
    found = configuration(issuer)
    offered = found.get("id_token_signing_alg_values_supported") or ["RS256"]
    if not set(offered) & set(ALGORITHMS):
        raise ProviderUnfit(reason="it offers no signature the portal trusts; RS256 is usual.")
    if not _fetch(found["jwks_uri"]).get("keys"):
        raise ProviderUnfit(reason="it publishes no keys to check its signatures with.")


def verified(id_token: str, *, keys: Any, issuer: str, client_id: str) -> dict[str, Any]:
    """The claims of an ID token whose signature, issuer, audience and times are right."""
    try:
        key = _signing_key(id_token, keys)
        claims: dict[str, Any] = jwt.decode(
            id_token,
            key,
            algorithms=list(ALGORITHMS),
            issuer=issuer,
            audience=client_id,
            leeway=CLOCKS_DIFFER,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, AttributeError, TypeError, ValueError) as error:
        raise OAuth2Error("The ID token cannot be trusted") from error
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if several and claims.get("azp") != client_id:
        raise OAuth2Error("The ID token was made for somebody else")
    return claims


def _signing_key(id_token: str, keys: Any) -> jwt.PyJWK:
    name = jwt.get_unverified_header(id_token).get("kid")
    usable = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key.public_key_use != "enc"]
    fitting = usable if name is None else [key for key in usable if key.key_id == name]
    if len(fitting) != 1:
        raise jwt.PyJWTError("no key of the issuer fits")
    return fitting[0]


class DoorSession:
    """What django-allauth takes for a `requests` session; each call passes the door."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.request("GET", url, headers=headers)

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
    ) -> Answer:
        """The names are those that django-allauth calls."""
        credentials = (auth.username, auth.password) if auth is not None else None
        with _door(url, credentials) as http:
            options: dict[str, Any] = {"params": params or {}, "headers": headers or {}}
            if data is not None:
                options["form"] = data
            return Answer(http.request(method, url, accept=REFUSALS, **options))


class Answer:
    """An answer with the names that `requests` gives to its parts."""

    def __init__(self, response: DoorResponse) -> None:
        self._response = response
        self.status_code = response.status
        self.headers = response.headers
        self.content = response.content
        self.text = response.content.decode("utf-8", "replace")

    def json(self) -> Any:
        return self._response.json()

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise OAuth2Error(f"The identity provider answered {self.status_code}")


def _fetch(url: str) -> dict[str, Any]:
    with _door(url) as http:
        found = http.get(url)
    if not isinstance(found, dict):
        raise ProviderUnfit(reason=f"{url[:200]} does not answer with a JSON object.")
    return found


def _door(url: str, auth: tuple[str, str] | None = None) -> Http:
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return Http(SERVICE, origin, auth=auth, timeout=TIMEOUT, limit_bytes=MOST_BYTES)


def problem_of(issuer: str) -> str | None:
    """What stands in the way of signing in through this issuer; `None` where nothing does."""
    try:
        check(issuer)
    except PortalError as error:
        return str(error)
    return None
