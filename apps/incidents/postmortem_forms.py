from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from apps.core.errors import PortalError
from apps.core.ui.refusable import RefusableForm
from apps.docs.models import Document
from apps.incidents.models import Incident, Ticket
from apps.projects import selectors as projects

if TYPE_CHECKING:
    from apps.accounts.models import User


class ActionForm(RefusableForm):
    """What changes, by whom, until when."""

    title = forms.CharField(max_length=300, label="What changes")
    owner = forms.CharField(max_length=150, label="By whom", help_text="A user name.")
    due_on = forms.DateField(label="Until", widget=forms.DateInput(attrs={"type": "date"}))
    ticket = forms.ModelChoiceField(Ticket.objects.none(), required=False, empty_label="No ticket")

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ticket = self.fields["ticket"]
        assert isinstance(ticket, forms.ModelChoiceField)
        ticket.queryset = Ticket.objects.filter(incident=incident)

    def clean_owner(self) -> User:
        """The account of that name."""
        try:
            return projects.account(self.cleaned_data["owner"], field="owner")
        except PortalError as error:
            raise forms.ValidationError(str(error)) from error


class LessonForm(RefusableForm):
    """The runbook that gains what was learned."""

    runbook = forms.ModelChoiceField(Document.objects.none(), empty_label=None)

    def __init__(self, *args: Any, offered: list[Document], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["runbook"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Document.objects.filter(pk__in=[each.pk for each in offered])
