"""A form field ready to be shown: which shape it has and the classes of its control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.forms import BoundField, widgets
from django.utils.safestring import SafeString

Shape = Literal["line", "check", "choices", "hidden"]
_CLASSES: tuple[tuple[type[widgets.Widget], str], ...] = (
    (widgets.CheckboxInput, ""),
    (widgets.CheckboxSelectMultiple, ""),
    (widgets.RadioSelect, ""),
    (widgets.ClearableFileInput, ""),
    (widgets.Select, "select"),
    (widgets.Textarea, "textarea"),
    (widgets.Input, "input"),
)


@dataclass(frozen=True)
class Shown:
    """One field as the template draws it."""

    bound: BoundField
    shape: Shape
    control: SafeString
    label: str
    help: str
    optional: bool


def shown(bound: BoundField, label: str = "", help: str = "") -> Shown:
    """Label, control and help; Django joins them by `aria-describedby` and marks what is invalid."""
    if help:
        bound.help_text = help
    label = label or str(bound.label)
    _hush_placeholder(bound.field.widget, label)
    return Shown(
        bound=bound,
        shape=_shape(bound),
        control=bound.as_widget(attrs=_attributes(bound)),
        label=label,
        help=str(bound.help_text),
        optional=not bound.field.required,
    )


def _hush_placeholder(widget: widgets.Widget, label: str) -> None:
    """A placeholder that repeats the label says nothing."""
    said, label = str(widget.attrs.get("placeholder", "")).lower(), label.lower()
    if said and (said in label or label in said):
        del widget.attrs["placeholder"]


def _shape(bound: BoundField) -> Shape:
    widget = bound.field.widget
    if bound.is_hidden:
        return "hidden"
    if isinstance(widget, widgets.RadioSelect | widgets.CheckboxSelectMultiple):
        return "choices"
    return "check" if isinstance(widget, widgets.CheckboxInput) else "line"


def _attributes(bound: BoundField) -> dict[str, str | bool]:
    widget = bound.field.widget
    css = next((name for kind, name in _CLASSES if isinstance(widget, kind)), "input")
    own = widget.attrs.get("class", "")
    both = f"{css} {own}".strip()
    return {"class": both} if both else {}
