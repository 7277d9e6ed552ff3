"""What a tool takes, from its signature: for models that call tools, and for MCP clients."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model, field_validator
from pydantic_core import PydanticCustomError

from apps.core.errors import Invalid
from apps.core.tools import TOOLS, Found

LONGEST_TEXT = 1000
SITS_OUT = {"user"}  # who asks is never for a model to say
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class Arguments(BaseModel):
    """What is not declared is refused: a model must not invent arguments."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _storable(cls, given: Any) -> Any:
        """JSON can say characters that the database cannot hold: NUL, and half a surrogate pair."""
        if isinstance(given, str) and _UNSTORABLE.search(given):
            raise PydanticCustomError("text", "It holds a character that no text may hold")
        return given


class ToolArguments(Arguments):
    """What a read tool takes; a name or a question is never longer than a page."""

    model_config = ConfigDict(str_max_length=LONGEST_TEXT)


A = TypeVar("A", bound=Arguments)


@lru_cache(maxsize=256)
def arguments_of(run: Callable[..., Any]) -> type[Arguments]:
    """The arguments of a function, without the person asking."""
    hints = get_type_hints(run)
    fields: dict[str, Any] = {
        name: (hints[name], ... if given.default is inspect.Parameter.empty else given.default)
        for name, given in inspect.signature(run).parameters.items()
        if name not in SITS_OUT
    }
    return create_model(f"{run.__name__}_arguments", __base__=ToolArguments, **fields)


def schema_of(run: Callable[..., Any]) -> dict[str, Any]:
    """The arguments as JSON schema, trimmed to what a client needs."""
    schema: dict[str, Any] = _trimmed(arguments_of(run).model_json_schema())
    return schema


def checked(run: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the function takes them, or `Invalid`."""
    return validated(arguments_of(run), given).model_dump(exclude_unset=True)


def validated(takes: type[A], given: Mapping[str, Any]) -> A:
    """The arguments, or `Invalid` with the first thing that is wrong."""
    try:
        return takes.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "arguments"
        raise Invalid(field=storable(where), reason=first["msg"]) from error


def storable(text: str) -> str:
    """The same for what is only told: a sign in the place of each such character."""
    return _UNSTORABLE.sub("\ufffd", text)


def finds_records(run: Callable[..., Any]) -> bool:
    """Whether what a tool answers can be cited."""
    return get_type_hints(run).get("return") == list[Found]


def citable() -> dict[str, Callable[..., Any]]:
    """The read tools whose answers are evidence, by name."""
    return {
        name: tool.run
        for name, tool in TOOLS.items()
        if not tool.writes and finds_records(tool.run)
    }


def _trimmed(schema: Any) -> Any:
    """Without the titles that pydantic makes of the names."""
    if isinstance(schema, dict):
        return {
            key: _trimmed(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_trimmed(each) for each in schema] if isinstance(schema, list) else schema
