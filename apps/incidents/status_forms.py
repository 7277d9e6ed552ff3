from __future__ import annotations

from typing import Any

from django import forms

from apps.core.access import Person
from apps.core.ui.refusable import RefusableForm
from apps.deployments.models import Deployment
from apps.incidents.models import Component, Publication, StatusPage, Update
from apps.projects.models import Project


class StatusTitleForm(RefusableForm):
    title = forms.CharField(max_length=120, help_text="What stakeholders call it.")


class ComponentForm(RefusableForm):
    name = forms.CharField(max_length=120, help_text="As stakeholders know it.")
    deployment = forms.ModelChoiceField(
        Deployment.objects.none(), to_field_name="slug", empty_label=None
    )

    def __init__(self, *args: Any, user: Person, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["deployment"]
        assert isinstance(field, forms.ModelChoiceField)
        mine = Deployment.objects.visible_to(user).filter(project=project, retired_at=None)
        field.queryset = mine.order_by("slug")


class PublishForm(RefusableForm):
    title = forms.CharField(max_length=200, help_text="Stakeholders read it as it stands here.")
    effect = forms.ChoiceField(choices=Publication.Effect.choices)
    components = forms.ModelMultipleChoiceField(
        Component.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    text = forms.CharField(
        max_length=2000, label="First update", widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, page: StatusPage, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["components"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = page.components.all()


class UpdateForm(RefusableForm):
    phase = forms.ChoiceField(choices=Update.Phase.choices)
    text = forms.CharField(
        max_length=2000, label="Update", widget=forms.Textarea(attrs={"rows": 3})
    )
