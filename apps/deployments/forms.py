from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from apps.core.access import Person, Role
from apps.core.ui.refusable import RefusableForm
from apps.deployments.models import Deployment
from apps.models import selectors as models
from apps.models.models import ModelVersion, RegisteredModel
from apps.projects import selectors as projects
from apps.projects.models import Environment

RESERVED = {"new", "served"}  # pages of their own stand at these addresses
AHEAD = timedelta(minutes=1)  # clocks differ


class DeploymentFilterForm(forms.Form):
    q = forms.CharField(max_length=60, required=False, label="Name")


class ModelChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Models by the name of their project and their own."""

    def label_from_instance(self, obj: RegisteredModel) -> str:
        return f"{obj.project.name}: {obj.name}"


class EnvironmentChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Environments by the name of their project and their own."""

    def label_from_instance(self, obj: Environment) -> str:
        return f"{obj.project.name}: {obj.name}"


class NewDeploymentForm(RefusableForm):
    """A model and an environment of the same project, and the name between them."""

    model = ModelChoiceField(RegisteredModel.objects.none(), empty_label=None)
    environment = EnvironmentChoiceField(Environment.objects.none(), empty_label=None)
    slug = forms.RegexField(
        r"^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$",
        label="Name",
        help_text="Lower-case letters, digits and hyphens; the path under /serve/.",
    )

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = projects.held(user, Role.CONTRIBUTOR).values("pk").order_by()
        model, environment = self.fields["model"], self.fields["environment"]
        assert isinstance(model, ModelChoiceField)
        assert isinstance(environment, EnvironmentChoiceField)
        model.queryset = models.models(user).filter(project__in=mine).order_by("project__name")
        known = projects.environments(user).filter(project__in=mine)
        environment.queryset = known.order_by("project__name", "pk")

    @property
    def has_choices(self) -> bool:
        """Whether there is a model that the person may deploy."""
        field = self.fields["model"]
        assert isinstance(field, ModelChoiceField)
        return field.queryset is not None and field.queryset.exists()

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug in RESERVED:
            raise forms.ValidationError("This name is taken by a page. Choose another one.")
        return slug

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        model, environment = given.get("model"), given.get("environment")
        if model and environment and model.project_id != environment.project_id:
            self.add_error("environment", f"Choose an environment of {model.project.name}.")
        return given


class VersionChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Versions by number, with the aliases that point at them."""

    def label_from_instance(self, obj: ModelVersion) -> str:
        names = ", ".join(alias.name for alias in obj.aliases.all())
        return f"Version {obj.number} ({names})" if names else f"Version {obj.number}"


class ReleaseForm(RefusableForm):
    version = VersionChoiceField(
        ModelVersion.objects.none(), to_field_name="number", empty_label=None
    )
    reason = forms.CharField(max_length=500, required=False, help_text="For the record.")

    def __init__(self, *args: Any, deployment: Deployment, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["version"]
        assert isinstance(field, VersionChoiceField)
        known = models.versions(user).filter(model=deployment.model_id)
        field.queryset = known.order_by("-number")


class RollBackForm(RefusableForm):
    reason = forms.CharField(max_length=500, required=False, help_text="For the record.")


class MomentForm(forms.Form):
    """A moment until now, and where to look."""

    at = forms.DateTimeField(
        label="Moment",
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local", "step": "1"}, "%Y-%m-%dT%H:%M:%S"),
        help_text="In your time zone; now, where it is empty.",
    )
    environment = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = projects.environments(user).order_by("name").values_list("name", flat=True)
        field = self.fields["environment"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Every environment"), *((name, name) for name in names.distinct())]

    def clean_at(self) -> datetime | None:
        given: datetime | None = self.cleaned_data["at"]
        if given is not None and given > timezone.now() + AHEAD:
            raise forms.ValidationError("It lies in the future. Name a moment until now.")
        return given
