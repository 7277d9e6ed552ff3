"""Log lines: structured, with the request's id, without secrets."""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import Any

import structlog

request_id: ContextVar[str] = ContextVar("request_id", default="")

# A name that speaks of a secret, then its value up to the next separator.
_SECRET = re.compile(
    r"(?i)((?:authorization|password|passwd|secret|token|api[_-]?key)[\"']?\s*[:=]\s*[\"']?"
    r"(?:bearer |basic )?)[^\s\"',;&}]+"
)
_OWN_TOKEN = re.compile(r"sbx_[A-Za-z0-9]+_[A-Za-z0-9_-]+")


def redact(text: str) -> str:
    """The text with everything that looks like a secret masked."""
    return _OWN_TOKEN.sub("sbx_***", _SECRET.sub(r"\1***", text))


def _add_request_id(_: Any, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    if value := request_id.get():
        event["request_id"] = value
    return event


def _redact(_: Any, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


def logging_settings(form: str) -> dict[str, Any]:
    """Django's LOGGING: one handler on stderr; `form` is text or json."""
    last: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        _add_request_id,
        structlog.processors.format_exc_info,
        _redact,
    ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django.request": {"level": "ERROR"},
            "httpx": {"level": "WARNING"},
            "httpx2": {"level": "WARNING"},
            "uvicorn.access": {"level": "WARNING"},
        },
    }
