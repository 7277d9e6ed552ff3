"""Which models are asked for one answer, in their order. The last resort is the portal itself."""

from __future__ import annotations

from django.conf import settings

from apps.assistant.models import Provider
from apps.assistant.providers import sites
from apps.assistant.providers.sites import Site

NONE = "none"  # chosen for a question: no model at all


def of_settings() -> Site | None:
    """The server that OLLAMA_HOST names."""
    if not settings.OLLAMA_HOST:
        return None
    host = settings.OLLAMA_HOST
    url = host if "://" in host else f"http://{host}"
    return Site(sites.OLLAMA_NAME, Provider.Kind.OLLAMA, url, settings.OLLAMA_MODEL, trusted=True)


def chosen(project_id: int | None, provider_id: int | None = None) -> list[Site]:
    """The servers to ask, the chosen one first."""
    rows = list(Provider.objects.serving(project_id))
    rows.sort(key=lambda row: row.pk != provider_id)
    found = [sites.of(row) for row in rows]
    default = of_settings()
    return [*found, default] if default else found
