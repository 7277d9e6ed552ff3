"""MLflow's own page below `/mlflow/`: what it may do in a browser, and where its visitors are led."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, quote

from apps.core.http.forward import Headers
from apps.models.proxy.ask import PREFIX, Ask

# Wider than the portal's own policy by what MLflow's bundle cannot do without: styles and charts
# written by script, pictures and workers made of what it has read. Nothing leaves the host.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "frame-src blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
PAGE: Headers = [
    (b"cache-control", b"private, no-store"),
    (b"content-security-policy", POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
# Its scripts carry a digest in their name.
ASSET: Headers = [(b"cache-control", b"private, max-age=2419200"), *PAGE[1:]]


def server_info(*, workspaces: bool) -> dict[str, Any]:
    """By this the page decides what to show; the portal passes on neither gateway nor signed addresses."""
    return {
        "store_type": "SqlStore",
        "workspaces_enabled": workspaces,
        "trace_archival_enabled": False,
        "multipart_uploads_enabled": False,
        "multipart_downloads_enabled": False,
        "presigned_upload_run_id_supported": False,
        "presigned_upload_model_id_supported": False,
        "features_enabled": {"gateway": False},
    }


def elsewhere(ask: Ask) -> str:
    """Where a visit is led: to the page's own slash, or to the project that the address names."""
    if ask.method != "GET" or ask.path not in {"", "/"}:
        return ""
    named = parse_qs(ask.query.decode("latin-1")).get("workspace", [""])[0]
    if named:
        return f"{PREFIX}/#/experiments?workspace={quote(named, safe='')}"
    return f"{PREFIX}/" if not ask.path else ""
