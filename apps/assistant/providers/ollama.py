"""What an Ollama server can be asked beside answers: its models, what they need, pulling and deleting."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apps.assistant.models import Provider
from apps.assistant.providers.sites import Site
from apps.core.errors import PortalError
from apps.core.http import Timeout
from apps.core.http.errors import BadAnswer

PULL = Timeout(connect=5.0, read=300.0, total=6 * 3600.0)


class PullFailed(PortalError):
    code, status = "pull_failed", 502
    sentence = "{service} could not pull {model}: {said}"


@dataclass(frozen=True, slots=True)
class Known:
    """One model that the server has."""

    name: str
    size: int = 0
    family: str = ""
    parameters: str = ""
    quantization: str = ""
    # Bytes that it holds now; 0 where it is not loaded.
    loaded: int = 0

    @property
    def dialog(self) -> str:
        """An id for the question whether to delete it."""
        return "delete-" + re.sub(r"[^a-z0-9]+", "-", self.name.lower())


@dataclass(frozen=True, slots=True)
class Shown:
    """What a model is: its longest window, and what it can do."""

    window: int | None
    abilities: tuple[str, ...]
    licence: str = ""

    @property
    def calls(self) -> str:
        """Ollama constrains any model to JSON; some call tools by themselves."""
        return Provider.Calls.NATIVE if "tools" in self.abilities else Provider.Calls.JSON


@dataclass(frozen=True, slots=True)
class Step:
    """How far a pull is; `percent` of the layer that moves now."""

    status: str
    percent: float


def version(site: Site) -> str:
    """The version of the server."""
    return str(_mapping(site, site.http().get("/api/version")).get("version", ""))


def models(site: Site) -> list[Known]:
    """The models that are there, with what is loaded now."""
    loaded = running(site)
    listed = _mapping(site, site.http().get("/api/tags")).get("models") or []
    return [_known(row, loaded) for row in listed if isinstance(row, dict)]


def running(site: Site) -> dict[str, int]:
    """The memory in bytes that each loaded model holds."""
    listed = _mapping(site, site.http().get("/api/ps")).get("models") or []
    return {str(r.get("name", "")): int(r.get("size") or 0) for r in listed if isinstance(r, dict)}


def show(site: Site, model: str) -> Shown:
    """The window and the abilities of a model."""
    told = _mapping(site, site.http().post("/api/show", json={"model": model}))
    info = told.get("model_info") or {}
    lengths = [v for k, v in info.items() if k.endswith(".context_length") and isinstance(v, int)]
    abilities = tuple(str(each) for each in told.get("capabilities") or [])
    licence = str(told.get("license") or "").strip().partition("\n")[0][:200]
    return Shown(max(lengths, default=None), abilities, licence)


def pull(site: Site, model: str, on_step: Callable[[Step], None]) -> None:
    """Have the server fetch a model; what `on_step` raises ends it."""
    ended = False

    def read(line: bytes) -> None:
        nonlocal ended
        told = _line(site, line)
        if error := told.get("error"):
            raise PullFailed(service=site.name, model=model, said=str(error)[:300])
        ended = ended or told.get("status") == "success"
        on_step(_step(told))

    site.http(timeout=PULL).follow("POST", "/api/pull", read, json={"model": model, "stream": True})
    if not ended:
        raise PullFailed(service=site.name, model=model, said="it broke off.")


def delete(site: Site, model: str) -> None:
    """Have the server forget a model and free its disk."""
    site.http().request("DELETE", "/api/delete", json={"model": model})


def unload(site: Site, model: str) -> None:
    """Free the memory that a model holds."""
    sent = {"model": model, "messages": [], "keep_alive": 0, "stream": False}
    site.http().post("/api/chat", json=sent)


def embed(site: Site, model: str, texts: list[str]) -> list[list[float]]:
    """What texts mean to an embedding model, as vectors of one length."""
    told = _mapping(site, site.http().post("/api/embed", json={"model": model, "input": texts}))
    vectors = told.get("embeddings")
    if not isinstance(vectors, list) or len(vectors) != len(texts):
        raise BadAnswer(service=site.name, reason="the vectors are not as many as the texts")
    return [[float(each) for each in vector] for vector in vectors]


def _known(row: Mapping[str, Any], loaded: Mapping[str, int]) -> Known:
    details = row.get("details") or {}
    name = str(row.get("name") or row.get("model") or "")
    return Known(
        name=name,
        size=int(row.get("size") or 0),
        family=str(details.get("family") or ""),
        parameters=str(details.get("parameter_size") or ""),
        quantization=str(details.get("quantization_level") or ""),
        loaded=loaded.get(name, 0),
    )


def _step(told: Mapping[str, Any]) -> Step:
    total, done = told.get("total") or 0, told.get("completed") or 0
    percent = 100.0 * done / total if total else 0.0
    return Step(str(told.get("status", ""))[:200], percent)


def _line(site: Site, line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError as error:
        raise BadAnswer(service=site.name, reason="a line of it is not JSON") from error
    return _mapping(site, told)


def _mapping(site: Site, told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise BadAnswer(service=site.name, reason="it does not speak as Ollama does")
    return told


def names(found: list[Known]) -> Iterator[str]:
    """Their names, the way a person writes them: `llama3.1` is `llama3.1:latest`."""
    for each in found:
        yield each.name
        if each.name.endswith(":latest"):
            yield each.name.removesuffix(":latest")
