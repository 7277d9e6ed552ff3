"""The page of a mapping, as fields; the service judges what they say."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.core.ui.refusable import RefusableForm
from apps.incidents.tickets.mapping import Mapping

DIRECTIONS = (
    ("both", "Both ways"), ("out", "From here to there"), ("in", "From there to here"), ("none", "Not at all"),
)  # fmt: skip
PAIRS = ("statuses", "phases", "priorities", "people")


class PairsField(forms.CharField):
    """One `name = word` per line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def to_python(self, value: Any) -> Any:
        lines = [line.strip() for line in (value or "").splitlines() if line.strip()]
        if bad := next((line for line in lines if "=" not in line), None):
            raise forms.ValidationError(f"Write each line as name = word; {bad[:40]!r} has no “=”.")
        parts = (line.partition("=") for line in lines)
        return {name.strip(): word.strip() for name, _, word in parts}

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return "\n".join(f"{name} = {word}" for name, word in value.items())
        return value


class MappingForm(RefusableForm):
    phase = forms.ChoiceField(choices=DIRECTIONS, label="State flows")
    priority = forms.ChoiceField(choices=DIRECTIONS, label="Severity flows")
    assignee = forms.ChoiceField(choices=DIRECTIONS, label="Assignee flows")
    comments = forms.ChoiceField(choices=DIRECTIONS, label="Comments flow")
    evidence = forms.BooleanField(required=False, label="Attach the evidence")
    statuses = PairsField(
        required=False,
        help_text="Into which status a ticket moves: open = To Do, working = In Review, done = Done.",
    )
    phases = PairsField(
        required=False,
        label="Meaning of statuses",
        help_text="What a status there means here: Waiting = working.",
    )
    priorities = PairsField(
        required=False,
        help_text="The tracker's word for low, medium, high and critical: critical = Blocker.",
    )
    people = PairsField(
        required=False,
        help_text="The tracker's account for a user name: rita = 5b10a2844c20165700ede21g.",
    )

    def __init__(self, data: Any = None, *, mapping: Mapping) -> None:
        super().__init__(data, initial=mapping.model_dump(mode="json"))


class SettleForm(forms.Form):
    keep = forms.ChoiceField(choices=(("ours", "ours"), ("theirs", "theirs")))
