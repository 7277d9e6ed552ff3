"""The form of a gate, drawn from the settings of its kind; pydantic judges what comes back, in the service."""

from __future__ import annotations

from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from django import forms
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from apps.core.errors import PortalError
from apps.core.ui.refusable import RefusableForm
from apps.models.gates import KINDS, Kind
from apps.models.models import RegisteredModel
from apps.projects.models import Environment

LONGEST = 2_000


class Lines(forms.CharField):
    """A list of texts, one per line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in (value or "").splitlines() if line.strip()]


class GateForm(RefusableForm):
    """Where the gate stands, and what its kind asks to be set."""

    environment = forms.ModelChoiceField(Environment.objects.none(), empty_label=None)

    def __init__(self, data: Any = None, *, model: RegisteredModel, kind: Kind[Any]) -> None:
        super().__init__(data)
        self.kind = kind
        places = self.fields["environment"]
        assert isinstance(places, forms.ModelChoiceField)
        places.queryset = model.project.environments.all()
        for name, info in kind.settings.model_fields.items():
            self.fields[name] = field_of(name, info)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that were given; what was left empty takes its default."""
        given = {name: self.cleaned_data.get(name) for name in self.kind.settings.model_fields}
        return {name: value for name, value in given.items() if value not in (None, "", [])}

    def refuse(self, error: PortalError) -> None:
        """Put the sentence beside the setting that it names, else above the form."""
        path, colon, rest = str(error).partition(": ")
        name = path.removeprefix("settings.").partition(".")[0]
        known = colon and name in self.fields
        self.add_error(name if known else None, rest if known else str(error))


def kinds() -> list[Kind[Any]]:
    """Every kind that can be declared, by its title."""
    return sorted(KINDS.values(), key=lambda kind: kind.title)


def field_of(name: str, info: FieldInfo) -> forms.Field:
    """The form field of one setting."""
    field = _bare(info)
    field.label = name.replace("_", " ").capitalize()
    field.help_text = info.description or ""
    field.required = info.is_required() and not isinstance(field, forms.BooleanField)
    default = info.get_default(call_default_factory=True)
    if default is not PydanticUndefined:
        field.initial = "\n".join(default) if isinstance(default, list) else default
    return field


def _bare(info: FieldInfo) -> forms.Field:
    kind: Any = info.annotation
    if get_origin(kind) in {Union, UnionType}:
        kind = next(each for each in get_args(kind) if each is not type(None))
    if get_origin(kind) is Literal:
        return forms.ChoiceField(
            choices=[(each, str(each).capitalize()) for each in get_args(kind)]
        )
    if get_origin(kind) is list:
        return Lines(max_length=LONGEST * 10)
    plain: dict[Any, type[forms.Field]] = {
        bool: forms.BooleanField,
        int: forms.IntegerField,
        float: forms.FloatField,
    }
    return plain[kind]() if kind in plain else forms.CharField(max_length=LONGEST)
