"""Whether a browser's request comes from one of the portal's own pages: cookies are sent along with any."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host


def is_own(origin: str, host: str) -> bool:
    """Whether `Origin` names the portal: PUBLIC_URL, or the very host that was asked."""
    if origin == settings.PUBLIC_URL:
        return bool(origin)
    domain, _ = split_domain_port(host)
    known = bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
    try:
        return known and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
