from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from apps.assistant import access, selectors
from apps.assistant.models import Conversation, Exchange, Provider
from apps.assistant.providers.order import NONE
from apps.assistant.providers.services import Wanted
from apps.assistant.talks.services import Wish
from apps.core.access import Person, Role, is_site_admin
from apps.core.errors import NotFound
from apps.core.ui.refusable import RefusableForm
from apps.projects import selectors as projects
from apps.projects.models import Project

EXAMPLE = "Why did the newest incident open, and what served then?"
MOST_DAYS = 3650


class QuestionForm(RefusableForm):
    """A question; `page_kind` and `page_id` name the record that the asker has before them."""

    question = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": EXAMPLE}),
    )
    project = forms.ModelChoiceField(
        Project.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label="Every project I may see",
    )
    provider = forms.ChoiceField(required=False, label="Worded by")
    conversation = forms.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, widget=forms.HiddenInput
    )
    page_kind = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    page_id = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = projects.held(user, Role.VIEWER)
        chosen = self.fields["provider"]
        assert isinstance(chosen, forms.ChoiceField)
        offered = selectors.providers(user).filter(enabled=True)
        chosen.choices = [
            ("", "The usual model"),
            (NONE, "The portal itself, without a model"),
            *((str(row.pk), f"{row.name} ({row.model})") for row in offered),
        ]

    def clean_conversation(self) -> Conversation | None:
        """One's own conversation that the question goes on with."""
        pk = self.cleaned_data["conversation"]
        if pk is None:
            return None
        try:
            return access.conversation(self.user, pk)
        except NotFound as error:
            raise forms.ValidationError("There is no such conversation.") from error

    @property
    def page(self) -> dict[str, str]:
        """The record on the page, as a question names it."""
        kind, key = self.cleaned_data["page_kind"], self.cleaned_data["page_id"]
        return {"kind": kind, "id": key} if kind and key else {}

    @property
    def wish(self) -> Wish:
        """How it is to be answered."""
        chosen = self.cleaned_data["provider"]
        return Wish(
            conversation=self.cleaned_data["conversation"],
            provider_id=int(chosen) if chosen.isdigit() else None,
            without_model=chosen == NONE,
        )


class FeedbackForm(forms.Form):
    """Whether an answer helped, and what was wrong."""

    feedback = forms.ChoiceField(choices=Exchange.Feedback.choices)
    words = forms.CharField(max_length=1000, required=False)


class ShareForm(forms.Form):
    """With which project's members one shares."""

    project = forms.ModelChoiceField(Project.objects.none(), to_field_name="slug")

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = projects.held(user, Role.VIEWER)

    @staticmethod
    def slug_of(user: Person, project_id: int | None) -> str | None:
        """The slug of a project that the person may see."""
        found = projects.held(user, Role.VIEWER).filter(pk=project_id) if project_id else None
        row = found.first() if found is not None else None
        return row.slug if row else None


class ProviderForm(RefusableForm):
    """A model on a server. The secret is never shown again."""

    project = forms.ChoiceField(required=False, help_text="Whose questions it answers.")
    name = forms.CharField(max_length=80)
    kind = forms.ChoiceField(choices=Provider.Kind.choices, label="Server")
    base_url = forms.CharField(
        max_length=300, label="Address", help_text="For example http://gpu-1:11434"
    )
    model = forms.CharField(max_length=200, help_text="As the server calls it: llama3.1:8b")
    secret = forms.CharField(
        max_length=500,
        required=False,
        label="Token",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Where the server asks for one. Empty keeps what is stored.",
    )
    keep_alive_minutes = forms.IntegerField(
        min_value=0, max_value=1440, initial=5, label="Stays in memory, minutes",
        help_text="Ollama frees the model's memory after so long without a question.",
    )  # fmt: skip
    position = forms.IntegerField(
        min_value=0, max_value=1000, initial=0, label="Place in the order",
        help_text="Where one gives no answer, the next is asked; the last resort is the portal itself.",
    )  # fmt: skip
    is_default = forms.BooleanField(required=False, label="Asked first")
    enabled = forms.BooleanField(required=False, initial=True)

    def __init__(
        self, *args: Any, user: Person, provider: Provider | None = None, **kwargs: Any
    ) -> None:
        if provider is not None:
            kwargs["initial"] = {name: getattr(provider, name) for name in _OWN}
        super().__init__(*args, **kwargs)
        if provider is not None:
            del self.fields["project"]
            return
        field = self.fields["project"]
        assert isinstance(field, forms.ChoiceField)
        everywhere = [("", "The whole portal")] if is_site_admin(user) else []
        held = projects.held(user, Role.MAINTAINER)
        field.choices = [*everywhere, *((row.slug, row.name) for row in held)]
        self.has_place = bool(field.choices)

    @property
    def wanted(self) -> Wanted:
        """What was entered."""
        return Wanted(**{name: self.cleaned_data[name] for name in _OWN})


_OWN = (
    "name", "kind", "base_url", "model", "keep_alive_minutes", "position", "is_default", "enabled",
)  # fmt: skip


class ModelForm(forms.Form):
    """A model by the name that Ollama gives it."""

    model = forms.CharField(
        max_length=200,
        validators=[
            RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._/:-]*$", "A name such as llama3.1:8b.")
        ],
        help_text="Any name from Ollama's library, or hf.co/owner/repository for a GGUF file.",
    )


class TermsForm(forms.Form):
    """How long a project keeps its questions, and how many there may be."""

    keep_days = forms.IntegerField(
        min_value=1, max_value=MOST_DAYS, label="Days that they are kept"
    )
    questions_a_day = forms.IntegerField(min_value=0, max_value=10**6, label="Questions a day")
    tokens_a_day = forms.IntegerField(min_value=0, max_value=2 * 10**9, label="Tokens a day")
