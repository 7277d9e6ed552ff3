from __future__ import annotations

from typing import Any

from django import forms

from apps.core.ui.refusable import RefusableForm
from apps.docs.models import Document


class TakeForm(RefusableForm):
    """Which runbook to take in hand."""

    document = forms.ModelChoiceField(Document.objects.none(), label="Runbook", empty_label=None)

    def __init__(self, *args: Any, offered: list[Document], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["document"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Document.objects.filter(pk__in=[each.pk for each in offered])
        self.initial.setdefault("document", offered[0].pk if offered else None)


class MarkForm(RefusableForm):
    """What happened to a step."""

    done = forms.BooleanField(required=False)
    words = forms.CharField(max_length=1000, required=False, label="What you saw")


class PlanForm(RefusableForm):
    """The plan that somebody has looked at."""

    plan = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)
