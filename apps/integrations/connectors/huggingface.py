"""Reads models from the Hugging Face Hub, or from a server that speaks its protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Self

import httpx2
from huggingface_hub import HfApi, ModelInfo, constants, hf_hub_url, set_client_factory
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from pydantic import Field, HttpUrl, SecretStr

from apps.core.errors import Invalid
from apps.core.http import (
    Absent,
    BadAnswer,
    Busy,
    Denied,
    Http,
    Refused,
    TimedOut,
    TooLarge,
    Unreachable,
)
from apps.core.http.bridge import Bridge, Talk, talking
from apps.integrations.base import DESTINATION, Config, Connector
from apps.integrations.ports import HubFile, HubModel

SERVICE = "Hugging Face"
MAIN = "main"
DESCRIBE_WITHIN, FETCH_WITHIN = 60.0, 6 * 3600.0  # seconds
LARGEST_DESCRIPTION = 64 * 1024 * 1024  # bytes
LARGEST_REFUSAL = PIECE = 1024 * 1024
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
DENIED = frozenset({401, 403, 407})


class HuggingFaceConfig(Config):
    endpoint: HttpUrl = Field(
        default=HttpUrl("https://huggingface.co"),
        description="The hub, or a mirror of your own that speaks its protocol.",
        json_schema_extra=DESTINATION,
    )
    token: SecretStr | None = Field(
        default=None,
        description="Settings, Access Tokens; a token that only reads. Empty: public models only.",
    )


class HuggingFace(Connector[HuggingFaceConfig]):
    """A hub of models; the portal reads and never writes."""

    config_class = HuggingFaceConfig

    @cached_property
    def http(self) -> Http:
        return Http(SERVICE, self._endpoint, auth=self._token)

    def check(self) -> str:
        if self._token is None:
            self.http.get("api/models", params={"limit": 1})
            return "It answers. Without a token, only public models can be read."
        me = self.http.get("api/whoami-v2")
        return f"Signed in as {(me or {}).get('name', 'somebody')}."

    def describe(self, repo: str, revision: str) -> HubModel:
        """The model at the commit that the revision means now."""
        with self._talking(LARGEST_DESCRIPTION, DESCRIBE_WITHIN):
            info = self._asked(repo, revision or MAIN)
        if not info.sha:
            raise BadAnswer(service=SERVICE, reason="it names no commit")
        return HubModel(
            repo=repo,
            commit=info.sha,
            licence=_licence(info),
            files=tuple(_file(each) for each in info.siblings or ()),
            gated=bool(info.gated),
            endpoint=self._endpoint,
        )

    def _asked(self, repo: str, revision: str) -> ModelInfo:
        try:
            return self._api.model_info(repo, revision=revision, files_metadata=True, timeout=30)
        except HFValidationError as error:
            raise Invalid(field="repo", reason="give it as owner/name") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadAnswer(service=SERVICE, reason="it is not what a hub says") from error

    def fetch(self, model: HubModel, file: HubFile, to: Path, heard: Callable[[int], None]) -> None:
        """Write one file, going on where `to` ends; `heard` is told of each piece."""
        if file.size > constants.MAX_HTTP_DOWNLOAD_SIZE:
            raise TooLarge(service=SERVICE, limit=constants.MAX_HTTP_DOWNLOAD_SIZE)
        begun = to.stat().st_size if to.exists() else 0
        url = hf_hub_url(model.repo, file.path, revision=model.commit, endpoint=self._endpoint)
        headers = {"user-agent": "Signalbox"}
        if self._token is not None:
            headers["authorization"] = f"Bearer {self._token}"
        most = max(file.size, LARGEST_REFUSAL)
        with self._talking(most, FETCH_WITHIN), to.open("ab") as out:
            http_get(
                url,
                out,
                resume_size=begun,
                headers=headers,
                expected_size=file.size,
                displayed_filename=file.path,
                tqdm_class=_told(heard, begun, file.size),
            )

    @property
    def _endpoint(self) -> str:
        return str(self.config.endpoint).rstrip("/")

    @property
    def _token(self) -> str | None:
        return self.config.token.get_secret_value() if self.config.token else None

    @cached_property
    def _api(self) -> HfApi:
        return HfApi(endpoint=self._endpoint, token=self._token or False)

    @contextmanager
    def _talking(self, limit: int, seconds: float) -> Iterator[None]:
        _prepare()
        talk = Talk(SERVICE, self._endpoint.startswith("https:"), limit)
        with _translated(), talking(talk, seconds=seconds):
            yield


@lru_cache(maxsize=1)
def _prepare() -> None:
    """Let the library's one client go through the guard, and close its other ways out."""
    set_client_factory(
        lambda: httpx2.Client(transport=Bridge(), follow_redirects=True, trust_env=False)
    )
    constants.HF_HUB_DISABLE_XET = True  # it opens connections of its own, in native code
    constants.HF_HUB_DISABLE_TELEMETRY = True
    constants.HF_HUB_DOWNLOAD_TIMEOUT = 30
    constants.DOWNLOAD_CHUNK_SIZE = PIECE  # what a cut line loses at most


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the library's errors into ours, which name the remedy."""
    try:
        yield
    except HfHubHTTPError as error:
        raise _refusal(error) from error
    except httpx2.TimeoutException as error:
        raise TimedOut(service=SERVICE) from error
    except httpx2.TransportError as error:
        raise Unreachable(service=SERVICE, reason=str(error) or "the connection broke") from error
    except OSError as error:
        if error.errno is not None:
            raise  # the disk, not the hub
        raise Unreachable(service=SERVICE, reason="a download ended early") from error


def _refusal(error: HfHubHTTPError) -> Exception:
    status = error.response.status_code
    data: dict[str, Any] = {"service": SERVICE, "answered": status, "said": ""}
    if isinstance(error, GatedRepoError):
        said = ": the model is gated; ask for access on its page with the token's account"
        return Denied(**{**data, "said": said})
    if isinstance(error, RevisionNotFoundError):
        return Absent(**{**data, "said": ": no such revision"})
    if isinstance(error, RemoteEntryNotFoundError):
        return Absent(**{**data, "said": ": no such file"})
    if isinstance(error, RepositoryNotFoundError):
        said = ": no such model, or one that the token may not see"
        return Absent(**{**data, "said": said})
    if status in BUSY:
        return Busy(**data, retry_after=None)
    return Denied(**data) if status in DENIED else Refused(**data)


def _licence(info: ModelInfo) -> str:
    """What the model's own card says; a tag says the same where the card is not readable."""
    stated = getattr(info.card_data, "license", None)
    names = stated if isinstance(stated, list) else [stated] if stated else []
    tagged = [tag.removeprefix("license:") for tag in info.tags or () if tag.startswith("license:")]
    return ", ".join(str(name) for name in names or tagged)[:200]


def _file(sibling: Any) -> HubFile:
    path = str(sibling.rfilename)
    parts = PurePosixPath(path).parts
    odd = not parts or path.startswith("/") or ".." in parts or "\\" in path
    if odd or not path.isprintable() or len(path) > 500:
        raise BadAnswer(service=SERVICE, reason=f"a file is called {path[:60]!r}")
    lfs = sibling.lfs
    size = lfs.size if lfs else sibling.size
    if not isinstance(size, int) or size < 0:
        raise BadAnswer(service=SERVICE, reason=f"it does not say how large {path} is")
    return HubFile(path, size, lfs.sha256 if lfs else "", sibling.blob_id or "")


def _told(heard: Callable[[int], None], begun: int, size: int) -> Any:
    """What the library takes for a progress bar; it stops what is larger than announced."""

    class Told:
        def __init__(self, **kwargs: object) -> None:
            self.come = begun

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *args: object) -> None:
            pass

        def update(self, more: int) -> None:
            self.come += more
            if self.come > size:
                raise TooLarge(service=SERVICE, limit=size)
            heard(more)

    return Told
