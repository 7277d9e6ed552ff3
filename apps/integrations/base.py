"""What every connector is made of. No models, no Django."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar, Generic, Self, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

from apps.core.http import Http

# Marks for `Field(json_schema_extra=…)`:
GENERATED: JsonDict = {"generated": True}  # a secret made where none is given; it can be rotated
PREVIOUS: JsonDict = {"previous": True}  # the secret before the last rotation; no form shows it
DESTINATION: JsonDict = {"destination": True}  # where secrets travel to
LONG: JsonDict = {"long": True}  # text of many lines


class Config(BaseModel):
    """What an administrator fills in; form, masking and documentation are drawn from it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True
    )


C = TypeVar("C", bound=Config)


class Connector(Generic[C]):
    """One external system, reached with one connection's settings."""

    config_class: ClassVar[type[Config]]
    # Whether there is somebody to ask, and how often the portal does so by itself (`None`: never).
    can_check: ClassVar[bool] = True
    check_every: ClassVar[timedelta | None] = timedelta(hours=1)
    config: C

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.config = self.config_class.model_validate(values)  # type: ignore[assignment]

    @classmethod
    def sketch(cls, values: Mapping[str, Any]) -> Self:
        """The connector without its secrets, for questions that need none."""
        made = cls.__new__(cls)
        made.config = cls.config_class.model_construct(**values)  # type: ignore[assignment]
        return made

    @cached_property
    def http(self) -> Http:
        raise NotImplementedError

    def check(self) -> str:
        """One sentence on what was found, or a `PortalError` on what does not answer."""
        raise NotImplementedError


def fields(config: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting with its dotted path, nested ones opened."""
    for name, info in config.model_fields.items():
        inner = nested(info)
        if inner is None:
            yield f"{path}{name}", info
        else:
            yield from fields(inner, f"{path}{name}.")


def nested(info: FieldInfo) -> type[BaseModel] | None:
    """The model of a field that groups others."""
    kind = plain_type(info)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def plain_type(info: FieldInfo) -> Any:
    """The type of a field without `| None`."""
    kind = info.annotation
    if get_origin(kind) in {Union, types.UnionType}:
        inner = [arg for arg in get_args(kind) if arg is not type(None)]
        return inner[0] if len(inner) == 1 else kind
    return kind


def is_secret(info: FieldInfo) -> bool:
    return plain_type(info) is SecretStr


def marked(config: type[BaseModel], mark: Mapping[str, Any]) -> list[str]:
    """The paths of the settings that carry a mark."""
    (name,) = mark
    return [
        path
        for path, info in fields(config)
        if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get(name)
    ]


def secret_paths(config: type[BaseModel]) -> list[str]:
    return [path for path, info in fields(config) if is_secret(info)]


def merged(values: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the secrets, which are kept by dotted path, put in their places."""
    whole = dict(values)
    for path, secret in secrets.items():
        *groups, name = path.split(".")
        place = whole
        for group in groups:
            place[group] = dict(place.get(group) or {})
            place = place[group]
        place[name] = secret
    return whole
