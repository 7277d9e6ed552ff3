"""Every setting from outside, read once. `NAME_FILE` names a file that holds the value."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

BASE_DIR = Path(__file__).resolve().parent.parent
SOCKET_PATH_LIMIT = 90  # bytes; the kernel allows 107, PostgreSQL appends its own file name


class BadSetting(Exception):
    """A setting that cannot be used; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Env:
    """The settings of one portal. URLs are `None` where the portal runs its own server."""

    data_dir: Path
    port: int
    demo: bool
    debug: bool
    database_url: str | None
    redis_url: str | None
    celery_broker_url: str | None
    mlflow_tracking_uri: str | None
    ollama_host: str | None
    ollama_model: str
    secret_key: str
    field_encryption_keys: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    public_url: str
    lake_url: str
    admin_password: str | None
    http_allow: tuple[str, ...]
    import_roots: tuple[str, ...]
    import_limit_gb: int
    trusted_proxies: tuple[str, ...]
    email_url: str | None
    metrics_token: str | None
    heartbeat_url: str | None
    metrics_dir: str | None
    web_processes: int
    worker_concurrency: int
    log_format: str

    @property
    def run_dir(self) -> Path:
        """Sockets and pid files; a short private folder where DATA_DIR is too deep for a socket."""
        wanted = self.data_dir / "run"
        if len(os.fsencode(wanted)) <= SOCKET_PATH_LIMIT - len("/postgres"):
            return wanted
        name = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"signalbox-{os.getuid()}-{name}"

    @property
    def broker_url(self) -> str:
        if self.celery_broker_url:
            return self.celery_broker_url
        if self.redis_url is None:
            return f"redis+socket://{self.run_dir}/redis.sock?virtual_host=0"
        if self.redis_url.startswith("unix://"):  # kombu has another name for it
            address = self.redis_url.partition("?")[0].removeprefix("unix://")
            return f"redis+socket://{address}?virtual_host=0"
        return self.redis_url

    def redis(self, number: int) -> str:
        """The URL of one Redis database."""
        if self.redis_url is None:
            return f"unix://{self.run_dir}/redis.sock?db={number}"
        if self.redis_url.startswith("unix://"):
            return f"{self.redis_url.partition('?')[0]}?db={number}"
        scheme, _, rest = self.redis_url.partition("://")
        address, _, _ = rest.partition("/")
        return f"{scheme}://{address}/{number}"


def read(environ: Mapping[str, str]) -> Env:
    """Build the settings, or raise `BadSetting`."""
    source = _Source(environ)
    data_dir = Path(source.text("DATA_DIR") or BASE_DIR / "data").absolute()
    port = source.number("PORT", 8000)
    return Env(
        data_dir=data_dir,
        port=port,
        demo=source.flag("DEMO", default=True),
        debug=source.flag("DEBUG", default=False),
        database_url=source.text("DATABASE_URL"),
        redis_url=source.text("REDIS_URL"),
        celery_broker_url=source.text("CELERY_BROKER_URL"),
        mlflow_tracking_uri=source.text("MLFLOW_TRACKING_URI"),
        ollama_host=source.text("OLLAMA_HOST"),
        ollama_model=source.text("OLLAMA_MODEL") or "llama3.1",
        secret_key=source.text("SECRET_KEY") or _kept(data_dir, "secret_key", _new_secret),
        field_encryption_keys=source.items("FIELD_ENCRYPTION_KEYS")
        or (_kept(data_dir, "field_encryption_key", _new_fernet),),
        allowed_hosts=source.items("ALLOWED_HOSTS") or ("localhost", "127.0.0.1", "[::1]"),
        public_url=(source.text("PUBLIC_URL") or f"http://localhost:{port}").rstrip("/"),
        lake_url=source.text("LAKE_URL") or f"file://{data_dir}/lake",
        admin_password=source.text("ADMIN_PASSWORD"),
        http_allow=source.items("HTTP_ALLOW"),
        import_roots=source.items("IMPORT_ROOTS"),
        import_limit_gb=source.number("IMPORT_LIMIT_GB", 50),
        trusted_proxies=source.items("TRUSTED_PROXIES"),
        email_url=source.text("EMAIL_URL"),
        metrics_token=source.text("METRICS_TOKEN"),
        heartbeat_url=source.text("HEARTBEAT_URL"),
        metrics_dir=source.text("PROMETHEUS_MULTIPROC_DIR"),
        web_processes=source.number("WEB_PROCESSES", max(2, os.cpu_count() or 1)),
        worker_concurrency=source.number("WORKER_CONCURRENCY", max(2, os.cpu_count() or 1)),
        log_format=source.text("LOG_FORMAT") or "text",
    )


@dataclass(frozen=True, slots=True)
class _Source:
    environ: Mapping[str, str]

    def text(self, name: str) -> str | None:
        if value := self.environ.get(name, "").strip():
            return value
        if not (path := self.environ.get(f"{name}_FILE")):
            return None
        try:
            return Path(path).read_text().strip() or None
        except OSError as error:
            raise BadSetting(f"{name}_FILE: {error.strerror}: {path}") from error

    def number(self, name: str, default: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not value.isdigit() or not 0 < int(value) < 65536:
            raise BadSetting(f"{name} must be a whole number from 1 to 65535, not {value!r}")
        return int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        value = (self.text(name) or str(default)).lower()
        if value not in {"0", "1", "true", "false", "yes", "no"}:
            raise BadSetting(f"{name} must be 1 or 0, not {value!r}")
        return value in {"1", "true", "yes"}

    def items(self, name: str) -> tuple[str, ...]:
        return tuple(item.strip() for item in (self.text(name) or "").split(",") if item.strip())


def _new_secret() -> str:
    return secrets.token_urlsafe(50)


def _new_fernet() -> str:
    return Fernet.generate_key().decode()


def _kept(data_dir: Path, name: str, make: object) -> str:
    """A secret made once and kept in DATA_DIR for its owner alone."""
    assert callable(make)
    path = data_dir / "secrets" / name
    if path.exists():
        return path.read_text().strip()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Linked into place, so that two first starts agree on one value.
        draft = path.with_name(f"{name}.{os.getpid()}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as error:
        raise BadSetting(
            f"DATA_DIR: cannot write to {data_dir} ({error.strerror}); "
            "set DATA_DIR to a folder you may write to"
        ) from error
    return path.read_text().strip()


ENV = read(os.environ)
