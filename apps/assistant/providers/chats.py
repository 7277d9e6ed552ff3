"""LangChain's clients over the portal's guarded door, and what their errors mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from typing import Any
from urllib.parse import urlsplit

import httpx  # noqa: TID251  its errors are what ChatOllama raises
from pydantic import ValidationError

from apps.assistant import errors
from apps.assistant.models import Provider
from apps.assistant.providers.sites import Site
from apps.assistant.schemas import storable
from apps.core.errors import PortalError
from apps.core.http import lending
from apps.core.http.bridge import Bridge, Talk, talking
from apps.core.late import late

exceptions, messages = late("langchain_core.exceptions"), late("langchain_core.messages")
langchain_ollama, ollama = late("langchain_ollama"), late("ollama")
langchain_openai, openai = late("langchain_openai"), late("openai")
httpx2 = late("httpx2")

MOST_BYTES = 8 * 1024 * 1024
_MEMORY = re.compile(
    r"out of memory|more system memory|requires more|insufficient memory|oom\b", re.I
)
_WINDOW = re.compile(
    r"context (length|size|window)|exceeds? the (available )?context|maximum context|too many tokens"
    r"|must have less than|must be <= \d|input tokens? .* exceed",
    re.I,
)
_LONGEST = re.compile(
    r"context (?:length|size|window)\D{0,20}(\d{3,7}) tokens|must be <= (\d{3,7})", re.I
)
_MISSING = re.compile(r"model .*not found|no such model|model_not_found|does not exist", re.I)


@contextmanager
def chat(site: Site, *, most_tokens: int, seconds: float, quiet: float) -> Iterator[Any]:
    """A LangChain chat model on this server; `quiet` is the longest it may say nothing."""
    if site.kind == Provider.Kind.OLLAMA:
        with lending(site.name, seconds=seconds, allow=site.allow) as transport:
            yield _ollama(site, most_tokens, quiet, transport)
    else:
        talk = Talk(site.name, https_only=False, limit_bytes=MOST_BYTES)
        with talking(talk, seconds=seconds), httpx2.Client(transport=Bridge()) as client:
            yield _openai(site, most_tokens, quiet, client)


def _ollama(site: Site, most_tokens: int, quiet: float, transport: httpx.BaseTransport) -> Any:
    headers = {"Authorization": f"Bearer {site.secret}"} if site.secret else {}
    return langchain_ollama.ChatOllama(
        model=site.model,
        base_url=site.base_url,
        temperature=0,
        num_predict=most_tokens,
        # Ollama cuts what does not fit from the front, in silence; so the window is always said.
        num_ctx=site.window,
        keep_alive=f"{site.keep_alive_minutes}m",
        client_kwargs={
            "timeout": quiet,
            "trust_env": False,
            "transport": transport,
            "headers": headers,
        },
    )


def _openai(site: Site, most_tokens: int, quiet: float, client: Any) -> Any:
    return langchain_openai.ChatOpenAI(
        model=site.model,
        base_url=openai_base(site),
        api_key=site.secret or "none",
        temperature=0,
        timeout=quiet,
        max_retries=0,
        stream_usage=True,
        http_client=client,
        extra_body=_limit(site, most_tokens),
    )


def _limit(site: Site, most_tokens: int) -> dict[str, int]:
    """How much it may say at most. Only OpenAI itself knows, and for newer models demands, the newer name."""
    own = (urlsplit(site.base_url).hostname or "").endswith("openai.com")
    return {"max_completion_tokens" if own else "max_tokens": most_tokens}


def openai_base(site: Site) -> str:
    """Where a server of OpenAI's shape has its paths."""
    base = site.base_url.rstrip("/")
    return base if base.endswith("/v1") else f"{base}/v1"


def spoken(site: Site, model: Any, said: list[Any], **how: Any) -> Iterator[Any]:
    """What the model says, piece by piece.

    A server that has begun to stream cannot say any more what is wrong, and some stream no calls of tools: where
    nothing came, it is asked once for all at once.
    """
    begun = False
    try:
        for chunk in model.stream(said, **how):
            begun = True
            yield chunk
    except _endings() as error:
        if begun or not _broke(error):
            raise
    if not begun:
        if site.kind == Provider.Kind.OLLAMA:  # it says what is wrong before it streams
            raise errors.CutShort(service=site.name)
        whole = _whole(model, said, how)
        yield messages.AIMessageChunk(**whole.model_dump(exclude={"type"}))


def _whole(model: Any, said: list[Any], how: dict[str, Any]) -> Any:
    """The answer at once; tried again where the server was just closing the connection of the stream."""
    try:
        return model.invoke(said, **how)
    except troubles() as error:
        if not _broke(error):
            raise
    return model.invoke(said, **how)


def _endings() -> tuple[type[Exception], ...]:
    """How a stream ends badly; ValueError is LangChain's word for one without a piece."""
    return (ValueError, *troubles())


def _broke(error: Exception) -> bool:
    """Whether the stream ended without a word of why."""
    return type(error) is ValueError or any(isinstance(each, _cuts()) for each in _causes(error))


@contextmanager
def translated(site: Site) -> Iterator[None]:
    """Turn what the libraries raise into our refusals."""
    try:
        yield
    except PortalError as error:
        raise _carried(error) from error
    except troubles() as error:
        raise refusal(site, error) from error


def troubles() -> tuple[type[Exception], ...]:
    """What the libraries raise where a model does not answer."""
    return (
        httpx.HTTPError,
        httpx2.HTTPError,
        ollama.ResponseError,
        openai.OpenAIError,
        exceptions.LangChainException,
        ConnectionError,
        JSONDecodeError,  # a line of the stream that is no JSON
        ValidationError,  # a chunk that is none
    )


def refusal(site: Site, error: Exception) -> PortalError:
    """The refusal behind an error of a library, by what the server said."""
    causes = list(_causes(error))
    for inner in causes:
        if isinstance(inner, PortalError):
            return _carried(inner)
    said = str(error)
    if _MEMORY.search(said):
        return errors.OutOfMemory(service=site.name, model=site.model)
    if _WINDOW.search(said):
        return errors.WindowTooSmall(model=site.model, window=_longest(said))
    if getattr(error, "status_code", None) == 404 or _MISSING.search(said):
        return errors.ModelMissing(service=site.name, model=site.model)
    if isinstance(error, httpx.TimeoutException | openai.APITimeoutError):
        return errors.WriterAway(reason="it did not answer in time.")
    if any(isinstance(each, _cuts()) for each in causes):
        return errors.CutShort(service=site.name)
    if any(isinstance(each, httpx.ConnectError | httpx2.ConnectError) for each in causes):
        return errors.WriterAway(reason=f"{site.name} cannot be reached.")
    told = storable(" ".join(said.split())[:200])
    return errors.WriterAway(reason=told or type(error).__name__)


def _cuts() -> tuple[type[Exception], ...]:
    """What the libraries raise where a connection ends too early."""
    return (
        httpx.RemoteProtocolError,
        httpx.ReadError,
        httpx2.RemoteProtocolError,
        httpx2.ReadError,
    )


def _longest(said: str) -> int | None:
    """The window, where the server names it when it refuses."""
    found = _LONGEST.search(said)
    return int(found[1] or found[2]) if found else None


def _carried(error: PortalError) -> PortalError:
    """A refusal of the door itself, as a reason to answer without this model."""
    return error if isinstance(error, errors.WriterAway) else errors.WriterAway(reason=str(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that a library wrapped in it."""
    for _ in range(5):
        if error is None:
            return
        yield error
        error = error.__cause__
