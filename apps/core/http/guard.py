"""Which addresses the portal may connect to: public ones, and what an administrator lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import httpx
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.core.http.errors import AddressRefused, BadAddress

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Our own list: the one in `ipaddress` differs between Python releases. The first match counts.
_SPECIAL: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a private address (carrier-grade NAT)"),
        ("127.0.0.0/8", "a loopback address"),
        ("168.63.129.16/32", "a cloud metadata address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "a documentation address"),
        ("192.88.99.0/24", "a reserved address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "a reserved address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "a documentation address"),
        ("2002::/16", "a 6to4 address"),
        ("3fff::/20", "a documentation address"),
        ("fd00:ec2::254/128", "a cloud metadata address"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("ff00::/8", "a multicast address"),
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_NAME = r"[a-z0-9_.-]{1,253}"
# A name on the list does not open these; they must be listed by address.
_BY_ADDRESS_ONLY = ("link-local", "metadata", "multicast", "unspecified")


@dataclass(frozen=True, slots=True)
class Allow:
    """Exceptions from the guard: names and networks, each with a port or for every port."""

    names: frozenset[tuple[str, int | None]] = frozenset()
    networks: frozenset[tuple[Network, int | None]] = frozenset()

    @classmethod
    def of(cls, *entries: str) -> Allow:
        """Read entries such as `mlflow.internal`, `10.0.0.7:5000`, `[::1]:80` or `10.0.0.0/8`."""
        names, networks = set(), set()
        for entry in entries:
            name, port = _split(entry)
            if network := _network(name):
                networks.add((network, port))
            else:
                names.add((_ascii(name, entry), port))
        return cls(frozenset(names), frozenset(networks))

    @classmethod
    def from_settings(cls) -> Allow:
        return cls.of(*settings.HTTP_ALLOW)

    def __or__(self, other: Allow) -> Allow:
        return Allow(self.names | other.names, self.networks | other.networks)

    def permits(self, host: str, port: int, address: Address) -> bool:
        """Whether a connection to this address may be made under this name."""
        kind = kind_of(address)
        if kind is None:
            return True
        bare = _embedded(address) or address
        for network, only in self.networks:
            if only in {None, port} and (address in network or bare in network):
                return True
        named = {(host.lower(), None), (host.lower(), port)} & self.names
        return bool(named) and not any(word in kind for word in _BY_ADDRESS_ONLY)

    def checked(self, service: str, host: str, port: int, found: Iterable[str]) -> list[str]:
        """The addresses found for a name, provided that every one of them is permitted."""
        addresses = list(found)
        for text in addresses:
            address = ip_address(text)
            if not self.permits(host, port, address):
                raise _refusal(service, host, port, kind_of(address) or "")
        return addresses


def kind_of(address: Address) -> str | None:
    """What makes an address special; `None` for a public one."""
    if inner := _embedded(address):
        return _listed(inner)
    if address.version == 4 or address in _PUBLIC_V6:
        return _listed(address)
    return _listed(address) or "a reserved address"


def destination(service: str, text: str | httpx.URL) -> httpx.URL:
    """The URL in the one form we send: http or https, no userinfo, no odd spelling of the host."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise BadAddress(service=service, reason="the address is not a URL.") from error
    if url.scheme not in {"http", "https"}:
        raise BadAddress(service=service, reason="the address must start with http:// or https://.")
    if url.userinfo:
        raise BadAddress(
            service=service,
            reason="the address holds a user name or password; enter them in their own fields.",
        )
    host = url.raw_host.decode("ascii").removesuffix(".").lower()
    if reason := _odd(host) or ("no such port." if (url.port or 1) > 65535 else None):
        raise BadAddress(service=service, reason=reason)
    return url.copy_with(host=host, fragment=None)


def _odd(host: str) -> str | None:
    if _is_literal(host):
        return None
    if not re.fullmatch(_NAME, host):
        return "the address names no host." if not host else "this is not the name of a host."
    if re.fullmatch(r"\d+|0x[0-9a-f]*", host.rpartition(".")[2]):
        return "write a numeric address as four decimal numbers, for example 192.0.2.1."
    return None


def _refusal(service: str, host: str, port: int, kind: str) -> AddressRefused:
    entry = host if _is_literal(host) else f"{host}:{port}"
    if any(word in kind for word in _BY_ADDRESS_ONLY):
        entry = "the address itself"
    return AddressRefused(service=service, host=host, kind=kind, entry=entry)


def _listed(address: Address) -> str | None:
    return next((kind for network, kind in _SPECIAL if address in network), None)


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv4-mapped or NAT64 one stands for."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


def _is_literal(host: str) -> bool:
    return _network(host) is not None


def _network(text: str) -> Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _split(entry: str) -> tuple[str, int | None]:
    if _network(entry):
        return entry, None
    found = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^\[\]/?#@:\s]+))(?::(\d{1,5}))?", entry)
    if found is None:
        raise ImproperlyConfigured(f"HTTP_ALLOW: {entry!r} is not a host, host:port or network")
    return found[1] or found[2], int(found[3]) if found[3] else None


def _ascii(name: str, entry: str) -> str:
    try:
        host = httpx.URL(f"http://{name}/").raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError):
        host = ""
    if not re.fullmatch(_NAME, host):
        raise ImproperlyConfigured(f"HTTP_ALLOW: {entry!r} is not a host, host:port or network")
    return host.removesuffix(".")
