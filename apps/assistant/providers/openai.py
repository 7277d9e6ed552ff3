"""Servers of OpenAI's shape: LM Studio, llama.cpp, vLLM, TGI. What they have and can is asked, not assumed."""

from __future__ import annotations

from typing import Any

from apps.assistant.models import Provider
from apps.assistant.providers.sites import Site
from apps.core.errors import PortalError
from apps.core.http.errors import BadAnswer, Refused

# Where such servers say how long a prompt may be, by what each calls it.
_WINDOWS = (
    "max_model_len",
    "context_length",
    "max_context_length",
    "loaded_context_length",
    "n_ctx",
)
_TOOL = {
    "type": "function",
    "function": {
        "name": "look",
        "description": "Look something up.",
        "parameters": {"type": "object", "properties": {"what": {"type": "string"}}},
    },
}


def models(site: Site) -> list[str]:
    """The ids of the models that the server offers."""
    return [str(row["id"]) for row in _listed(site) if row.get("id")]


def window(site: Site) -> int | None:
    """The longest prompt of the site's model, where the server says it."""
    for row in _listed(site):
        if row.get("id") == site.model and (found := _window_of(row)):
            return found
    return _of_llama_cpp(site) or _of_tgi(site)


def calls(site: Site) -> str:
    """Whether the model takes tools: one small request tells."""
    sent = {
        "model": site.model,
        "messages": [{"role": "user", "content": "Look up the word signal."}],
        "tools": [_TOOL],
        "tool_choice": "auto",
        "max_tokens": 32,
        "temperature": 0,
    }
    try:
        told = _v1(site).post("/chat/completions", json=sent, seconds=30.0)
    except Refused:
        return Provider.Calls.NONE
    choices = told.get("choices") if isinstance(told, dict) else None
    message = (choices[0].get("message") or {}) if choices else {}
    return Provider.Calls.NATIVE if message.get("tool_calls") else Provider.Calls.NONE


def _v1(site: Site) -> Any:
    return site.http(path="" if site.base_url.rstrip("/").endswith("/v1") else "/v1")


def _listed(site: Site) -> list[dict[str, Any]]:
    told = _v1(site).get("/models")
    rows = told.get("data") if isinstance(told, dict) else None
    if not isinstance(rows, list):
        raise BadAnswer(service=site.name, reason="it does not list models as OpenAI does")
    return [row for row in rows if isinstance(row, dict)]


def _window_of(row: dict[str, Any]) -> int | None:
    places = (row, row.get("meta") or {})
    found = [p[k] for p in places for k in _WINDOWS if isinstance(p.get(k), int) and p[k] > 0]
    return found[0] if found else None


def _of_llama_cpp(site: Site) -> int | None:
    """llama.cpp's own server tells its window beside OpenAI's paths."""
    told = _beside(site, "/props")
    settings = told.get("default_generation_settings") or {}
    found = settings.get("n_ctx")
    return found if isinstance(found, int) and found > 0 else None


def _of_tgi(site: Site) -> int | None:
    found = _beside(site, "/info").get("max_total_tokens")
    return found if isinstance(found, int) and found > 0 else None


def _beside(site: Site, path: str) -> dict[str, Any]:
    base = site.base_url.rstrip("/").removesuffix("/v1")
    try:
        told = Site(site.name, site.kind, base, site.model, secret=site.secret).http().get(path)
    except PortalError:
        return {}  # not every server has it; the listing was the one to fail
    return told if isinstance(told, dict) else {}
