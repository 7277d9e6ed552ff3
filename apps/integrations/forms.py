"""Forms drawn from a connector's settings; pydantic judges what comes back, in the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from django import forms
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from apps.core.errors import PortalError
from apps.integrations import base
from apps.integrations.errors import ConfigInvalid
from apps.integrations.models import InboundDelivery, OutboundDelivery

REMOVE = "remove:"


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together; its help stands where a setting has none of its own."""

    title: str
    help: str


class ConnectionForm(forms.Form):
    """The name of a connection and whatever its connector's `Config` asks for."""

    name = forms.CharField(
        max_length=100, help_text="What people call it; each one in a project has its own."
    )

    def __init__(
        self,
        config: type[base.Config],
        data: Any = None,
        *,
        name: str = "",
        values: Mapping[str, Any] | None = None,
        secrets_set: list[str] | None = None,
    ) -> None:
        super().__init__(data, initial={"name": name})
        self.config = config
        self.secrets_set = secrets_set or []
        hidden = base.marked(config, base.PREVIOUS)
        self.settings = {path: info for path, info in base.fields(config) if path not in hidden}
        groups = dict(_groups(config))
        for path, info in self.settings.items():
            self._add(path, info, groups.get(path.rpartition(".")[0]))
        for path, value in _flat(values or {}):
            self.initial[path] = "\n".join(value) if isinstance(value, list) else value

    @property
    def values(self) -> dict[str, Any]:
        """The settings as the connector nests them; what was left empty is left out."""
        plain = {path for path, info in self.settings.items() if not base.is_secret(info)}
        given = {path: self.cleaned_data[path] for path in plain}
        kept = {path: value for path, value in given.items() if value not in (None, "", [])}
        return base.merged({}, kept)

    @property
    def secrets(self) -> dict[str, str | None]:
        """The secrets that were entered, and `None` for those to be taken out."""
        found: dict[str, str | None] = {}
        for path, info in self.settings.items():
            if base.is_secret(info):
                if self.cleaned_data.get(f"{REMOVE}{path}"):
                    found[path] = None
                elif entered := self.cleaned_data[path]:
                    found[path] = entered
        return found

    def refuse(self, error: PortalError) -> None:
        """Put each sentence beside the field it names, and the others above the form."""
        if isinstance(error, ConfigInvalid):
            found = dict(error.data["fields"])
        else:
            name, colon, rest = str(error).partition(": ")
            known = colon and name in self.fields
            found = {name: rest} if known else {"": str(error)}
        for path, text in found.items():
            sentence = text[:1].upper() + text[1:]
            self.add_error(path if path in self.fields else None, sentence)

    def _add(self, path: str, info: FieldInfo, group: Group | None) -> None:
        is_set = path in self.secrets_set
        field = _secret_field(info, is_set) if base.is_secret(info) else _plain_field(info)
        generated = path in base.marked(self.config, base.GENERATED)
        field.required = info.is_required() and not is_set and not generated
        field.required &= not isinstance(field, forms.BooleanField)
        field.label = _label(path, info, group)
        field.help_text = info.description or (group.help if group else "")
        if info.default not in (None, PydanticUndefined) and base.nested(info) is None:
            default = info.default
            field.initial = "\n".join(default) if isinstance(default, tuple) else default
        self.fields[path] = field
        if is_set and not info.is_required():
            self.fields[f"{REMOVE}{path}"] = forms.BooleanField(
                required=False, label=f"Remove: {field.label}"
            )


class Lines(forms.CharField):
    """A list of texts, one per line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in (value or "").splitlines() if line.strip()]


class ScopeForm(forms.Form):
    """Whose a new connection is."""

    project = forms.ChoiceField(required=False)

    def __init__(self, choices: list[tuple[str, str]], data: Any = None) -> None:
        super().__init__(data)
        self.fields["project"] = forms.ChoiceField(
            choices=choices, required=False, help_text="Site-wide ones serve every project."
        )


class DeliveryFilter(forms.Form):
    """The filters over deliveries in either direction."""

    state = forms.ChoiceField(required=False)
    kind = forms.CharField(required=False, max_length=80, label="Event")

    def __init__(
        self, states: type[InboundDelivery.State | OutboundDelivery.State], data: Any
    ) -> None:
        super().__init__(data)
        self.fields["state"] = forms.ChoiceField(
            choices=[("", "Every state"), *states.choices], required=False
        )


class SecretText(forms.Textarea):
    """A secret of many lines; like a password it is never shown again."""

    def format_value(self, value: Any) -> None:
        return None


def _secret_field(info: FieldInfo, is_set: bool) -> forms.Field:
    placeholder = "Set. Leave empty to keep it." if is_set else ""
    attributes = {"autocomplete": "new-password", "placeholder": placeholder}
    extra = info.json_schema_extra
    is_long = isinstance(extra, dict) and extra.get("long")
    widget = SecretText if is_long else forms.PasswordInput
    return forms.CharField(widget=widget(attrs=attributes), strip=True)


def _plain_field(info: FieldInfo) -> forms.Field:
    kind, extra = base.plain_type(info), info.json_schema_extra
    marks = extra if isinstance(extra, dict) else {}
    if choices := _choices(kind, marks):
        return forms.ChoiceField(choices=choices)
    if kind is bool:
        return forms.BooleanField()
    if kind is int:
        return forms.IntegerField()
    if kind is float:
        return forms.FloatField()
    if get_origin(kind) in {tuple, list}:
        return Lines()
    if marks.get("long"):
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 4}))
    is_url = isinstance(kind, type) and "Url" in kind.__name__
    return forms.CharField(widget=forms.URLInput() if is_url else forms.TextInput())


def _choices(kind: Any, marks: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    if labels := marks.get("choices"):
        return list(labels.items())
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [(member.value, member.name.replace("_", " ").capitalize()) for member in kind]
    return [(value, value) for value in get_args(kind)] if get_origin(kind) is Literal else []


def _label(path: str, info: FieldInfo, group: Group | None) -> str:
    own = info.title or path.rpartition(".")[2].replace("_", " ").capitalize()
    return f"{group.title}: {own[:1].lower()}{own[1:]}" if group else own


def _groups(config: type[BaseModel], path: str = "") -> Iterator[tuple[str, Group]]:
    """What every nested model says of itself, by its path."""
    for name, info in config.model_fields.items():
        if inner := base.nested(info):
            title = info.title or name.replace("_", " ").capitalize()
            yield f"{path}{name}", Group(title, info.description or "")
            yield from _groups(inner, f"{path}{name}.")


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
