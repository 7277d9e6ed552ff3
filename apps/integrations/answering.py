"""Reading what another system answered: the wanted shape, or `BadAnswer` that names what is missing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from apps.core.http import BadAnswer

T = TypeVar("T")
P = ParamSpec("P")


def at(body: Any, path: str) -> Any:
    """What stands at a dotted path; `None` where there is nothing."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def wanted(service: str, body: Any, path: str, kind: type[T]) -> T:
    """What stands at a dotted path, of this type."""
    found = at(body, path)
    if not isinstance(found, kind):
        raise BadAnswer(service=service, reason=f"it has no usable {path}")
    return found


def text_at(service: str, body: Any, path: str) -> str:
    """The text or number at a dotted path, not empty."""
    found = at(body, path)
    if not isinstance(found, str | int) or found == "":
        raise BadAnswer(service=service, reason=f"it has no {path}")
    return str(found)


def moment_at(service: str, body: Any, path: str, *, form: str = "") -> datetime:
    """The time at a dotted path: ISO 8601, or `form` as `strptime` reads it; without a zone it is UTC."""
    text = text_at(service, body, path)
    try:
        found = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007
    except ValueError as error:
        raise BadAnswer(service=service, reason=f"{path} is no time") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def reads(service: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Mark a verb that reads answers: one of another shape than promised is a `BadAnswer`, not a crash."""

    def marked(verb: Callable[P, T]) -> Callable[P, T]:
        @wraps(verb)
        def read(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return verb(*args, **kwargs)
            except (KeyError, TypeError, AttributeError, IndexError) as error:
                reason = f"its shape is not the published one ({type(error).__name__})"
                raise BadAnswer(service=service, reason=reason) from error

        return read

    return marked
