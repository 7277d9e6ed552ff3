from __future__ import annotations

import hashlib
import zoneinfo
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

Answer = Callable[[HttpRequest], HttpResponse]
Networks = tuple[IPv4Network | IPv6Network, ...]
SEEN_SECONDS = 60


class ClientAddressMiddleware:
    """Find out who calls: a forwarded address counts only when a trusted proxy sends it.

    Rate limits go by this address, so nobody may choose it.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        trusted_networks(tuple(settings.TRUSTED_PROXIES))  # a wrong setting fails at start

    def __call__(self, request: HttpRequest) -> HttpResponse:
        networks = trusted_networks(tuple(settings.TRUSTED_PROXIES))
        if _within(request.META.get("REMOTE_ADDR", ""), networks):
            forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
            request.META["REMOTE_ADDR"] = _client(
                forwarded, request.META.get("REMOTE_ADDR", ""), networks
            )
        else:
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self.get_response(request)


@lru_cache(maxsize=8)
def trusted_networks(entries: tuple[str, ...]) -> Networks:
    """TRUSTED_PROXIES as networks."""
    try:
        return tuple(ip_network(entry, strict=False) for entry in entries)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"TRUSTED_PROXIES: {error}; name addresses or networks"
        ) from error


def _client(forwarded: str, peer: str, networks: Networks) -> str:
    """The last address that no trusted proxy has: further left stands what the client made up."""
    client = peer
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not _is_address(hop):
            break
        client = hop
        if not _within(hop, networks):
            break
    return client


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _within(text: str, networks: Networks) -> bool:
    if not networks or not _is_address(text):
        return False
    address = ip_address(text)
    return any(address.version == network.version and address in network for network in networks)


class SessionActivityMiddleware:
    """Note when a session was last seen, once a minute instead of at every request."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (key := request.session.session_key) and request.user.is_authenticated:
            seen = f"seen:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
            if cache.add(seen, 1, timeout=SEEN_SECONDS):
                UserSession.objects.create_from_request(request)
        return self.get_response(request)


class TimeZoneMiddleware:
    """Show times in the viewer's zone."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", "UTC")
        try:
            zone = zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            zone = zoneinfo.ZoneInfo("UTC")
        with timezone.override(zone):
            return self.get_response(request)
