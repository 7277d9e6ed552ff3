"""Form fields for the settings of a kind of look, made from their declaration."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

from django import forms
from pydantic.fields import FieldInfo

from apps.monitoring.looks import Settings

PREFIX = "set_"
LONG = 400  # texts that may be longer get more room


def fields(settings: type[Settings]) -> dict[str, forms.Field]:
    """One field for each setting, under its name with `set_` before it."""
    return {PREFIX + name: _field(name, info) for name, info in settings.model_fields.items()}


def initial(settings: Settings) -> dict[str, Any]:
    """What the fields hold at first."""
    values = settings.model_dump(mode="json")
    return {
        PREFIX + name: ", ".join(value) if isinstance(value, list) else value
        for name, value in values.items()
    }


def given(settings: type[Settings], cleaned: dict[str, Any]) -> dict[str, Any]:
    """What somebody sent, as settings; what was left empty keeps its default."""
    found: dict[str, Any] = {}
    for name, info in settings.model_fields.items():
        value = cleaned.get(PREFIX + name)
        if value in (None, ""):
            continue
        listed = get_origin(info.annotation) is list
        found[name] = (
            [part.strip() for part in value.split(",") if part.strip()] if listed else value
        )
    return found


def _field(name: str, info: FieldInfo) -> forms.Field:
    kind = _plain(info.annotation)
    common: dict[str, Any] = {
        "label": name.replace("_", " ").capitalize(),
        "help_text": info.description or "",
        "required": info.is_required(),
    }
    if get_origin(kind) is Literal:
        return forms.ChoiceField(choices=[(each, str(each)) for each in get_args(kind)], **common)
    if kind in (int, float):
        made = forms.IntegerField if kind is int else forms.FloatField
        return made(**common, **_range(info))
    if get_origin(kind) is list:
        common["help_text"] = f"{common['help_text']} Separated by commas.".strip()
        return forms.CharField(max_length=10_000, **common)
    longest = next((each.max_length for each in info.metadata if hasattr(each, "max_length")), 200)
    widget = forms.Textarea(attrs={"rows": 3}) if longest > LONG else forms.TextInput()
    return forms.CharField(max_length=longest, widget=widget, **common)


def _plain(annotation: Any) -> Any:
    """The type without `None`."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next(each for each in get_args(annotation) if each is not type(None))
    return annotation


def _range(info: FieldInfo) -> dict[str, Any]:
    """The closed ends; an open end is checked by the settings themselves."""
    low = next((each.ge for each in info.metadata if hasattr(each, "ge")), None)
    high = next((each.le for each in info.metadata if hasattr(each, "le")), None)
    return {
        name: value
        for name, value in (("min_value", low), ("max_value", high))
        if value is not None
    }
