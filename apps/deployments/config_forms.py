"""The form of a deployment's configuration, drawn from `configs.Config`; pydantic judges what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from django import forms
from pydantic.fields import FieldInfo

from apps.core.errors import PortalError
from apps.core.ui.refusable import RefusableForm
from apps.deployments import configurations
from apps.deployments.configs import AT_ONCE, Config
from apps.deployments.configurations import Stand
from apps.deployments.errors import ConfigInvalid
from apps.integrations import base

WORDS = {
    "all_at_once": "All at once",
    "blue_green": "Blue-green",
    "canary": "Canary",
    "shadow": "Shadow",
    "portal": "The portal's packages",
    "own": "The model's own packages",
}
GROUPS = {
    "": ("Size", "How many model servers run."),
    "limits": ("Limits", "Bounds of one model server and of one request to it."),
    "batching": ("Batching", "Requests of one moment may be scored together."),
    "strategy": ("Release strategy", "How traffic moves to a release that does not say otherwise."),
    "runtime": ("Runtime", "Where and in what a model server runs."),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together."""

    title: str
    help: str
    fields: list[forms.BoundField]


class Percents(forms.CharField):
    """Whole numbers between commas."""

    def to_python(self, value: Any) -> Any:
        parts = [part.strip(" %") for part in (value or "").split(",") if part.strip(" %")]
        if not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
            raise forms.ValidationError("Write whole percentages between commas: 5, 25, 50.")
        return [int(part) for part in parts]

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else ", ".join(str(each) for each in value or ())


class ConfigurationForm(RefusableForm):
    """Every setting under its dotted path, and the number of the configuration that was seen."""

    based_on = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    note = forms.CharField(
        max_length=500, required=False, label="Why", help_text="It stands in the history."
    )

    def __init__(self, data: Any = None, *, stand: Stand) -> None:
        super().__init__(data, initial={"based_on": stand.number})
        for path, value in configurations.flat(stand.config).items():
            self.initial[path] = f"{value:.10g}" if isinstance(value, float) else value
        for path, info in base.fields(Config):
            self.fields[path] = field_of(path, info)
        self.order_fields([*(path for path, _ in base.fields(Config)), "note", "based_on"])

    def clean(self) -> dict[str, Any]:
        """Say aloud what is wrong with the number: its field is hidden."""
        for said in self.errors.get("based_on", []):
            self.add_error(None, f"based_on: {said} Load the page anew.")
        return super().clean() or {}

    @property
    def body(self) -> dict[str, Any]:
        """The settings as `Config` nests them."""
        paths = [path for path, _ in base.fields(Config)]
        return base.merged({}, {path: self.cleaned_data[path] for path in paths})

    def groups(self) -> Iterator[Group]:
        """The fields by the part of the configuration that they belong to."""
        for prefix, (title, help) in GROUPS.items():
            paths = [path for path, _ in base.fields(Config) if path.rpartition(".")[0] == prefix]
            yield Group(title, help, [self[path] for path in paths])

    def rest(self) -> list[forms.BoundField]:
        """What is said about the change itself."""
        return [self["note"], self["based_on"]]

    def refuse(self, error: PortalError) -> None:
        """Put each sentence beside the field it names, and the others above the form."""
        if not isinstance(error, ConfigInvalid):
            super().refuse(error)
            return
        for path, said in error.data["fields"].items():
            known = path in self.fields
            self.add_error(
                path if known else None, said[:1].upper() + said[1:] if known else f"{path}: {said}"
            )


def field_of(path: str, info: FieldInfo) -> forms.Field:
    """The form field of one setting."""
    field = _bare(base.plain_type(info))
    field.label = configurations.label(path, info)
    field.help_text = _help(path, info)
    field.required = isinstance(field, forms.IntegerField | forms.ChoiceField)
    return field


def _help(path: str, info: FieldInfo) -> str:
    said = f"{info.description}. " if info.description else ""
    return f"{said}Takes effect {'at once' if path in AT_ONCE else 'with the next release'}."


def _bare(kind: Any) -> forms.Field:
    if get_origin(kind) is Literal:
        return forms.ChoiceField(choices=[(each, WORDS[each]) for each in get_args(kind)])
    if get_origin(kind) is tuple:
        return Percents(max_length=200)
    if kind is bool:
        return forms.BooleanField()
    if kind is int:
        return forms.IntegerField(widget=forms.NumberInput({"inputmode": "numeric"}))
    if kind is float:
        return forms.FloatField(widget=forms.NumberInput({"step": "any"}))
    return forms.CharField(max_length=300)
