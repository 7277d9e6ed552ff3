from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, get_args

from django import forms
from django.utils import timezone

from apps.core.access import Person, Role
from apps.core.errors import Invalid, PortalError
from apps.core.ui.refusable import RefusableForm
from apps.deployments.config_forms import WORDS, field_of
from apps.deployments.configs import Strategy, read_strategy
from apps.deployments.errors import ConfigInvalid
from apps.deployments.models import Deployment, Release
from apps.integrations import selectors as integrations
from apps.integrations.models import Connection
from apps.integrations.ports import ClusterRuntime, ServingObserver
from apps.models import selectors as models
from apps.models.models import ModelVersion, RegisteredModel
from apps.projects import selectors as projects
from apps.projects.models import Environment

RESERVED = {"new", "served"}  # pages of their own stand at these addresses
OVERRIDDEN = ("kind", "steps", "step_seconds", "least_requests", "approval")
WORDS_OF_STRATEGIES = [
    (each, WORDS[each]) for each in get_args(Strategy.model_fields["kind"].annotation)
]
WINDOWS = [(1, "1 hour"), (6, "6 hours"), (24, "24 hours")]
AHEAD = timedelta(minutes=1)  # clocks differ


class DeploymentFilterForm(forms.Form):
    q = forms.CharField(max_length=60, required=False, label="Name")
    state = forms.ChoiceField(
        choices=[("", "In use"), ("retired", "Retired"), ("all", "All")], required=False
    )


class ModelChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Models by the name of their project and their own."""

    def label_from_instance(self, obj: RegisteredModel) -> str:
        return f"{obj.project.name}: {obj.name}"


class EnvironmentChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Environments by the name of their project and their own."""

    def label_from_instance(self, obj: Environment) -> str:
        return f"{obj.project.name}: {obj.name}"


class TargetChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Connections by the name of their project and their own."""

    def label_from_instance(self, obj: Connection) -> str:
        return f"{obj.project.name}: {obj.name}" if obj.project else obj.name


class NewDeploymentForm(RefusableForm):
    """A model and an environment of the same project, and the name between them."""

    model = ModelChoiceField(RegisteredModel.objects.none(), empty_label=None)
    environment = EnvironmentChoiceField(Environment.objects.none(), empty_label=None)
    slug = forms.RegexField(
        r"^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$",
        label="Name",
        help_text="Lower-case letters, digits and hyphens; the path under /serve/.",
    )
    connection = TargetChoiceField(
        Connection.objects.none(),
        required=False,
        empty_label="Processes of this machine",
        label="Runs on",
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
        target = self.fields["connection"]
        assert isinstance(target, TargetChoiceField)
        target.queryset = integrations.offering_anywhere(user, ClusterRuntime, ServingObserver)

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
        target = given.get("connection")
        if model and target and target.project_id not in {None, model.project_id}:
            self.add_error("connection", f"Choose one of {model.project.name}, or of the site.")
        return given


class VersionChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Versions by number, with the aliases that point at them."""

    def label_from_instance(self, obj: ModelVersion) -> str:
        names = ", ".join(alias.name for alias in obj.aliases.all())
        return f"Version {obj.number} ({names})" if names else f"Version {obj.number}"


class ReleaseForm(RefusableForm):
    """A version, and where it should move otherwise than configured, how."""

    version = VersionChoiceField(
        ModelVersion.objects.none(), to_field_name="number", empty_label=None
    )
    reason = forms.CharField(max_length=500, required=False, help_text="For the record.")

    def __init__(
        self, *args: Any, deployment: Deployment, user: Person, usual: Strategy, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.usual = usual
        field = self.fields["version"]
        assert isinstance(field, VersionChoiceField)
        known = models.versions(user).filter(model=deployment.model_id)
        field.queryset = known.order_by("-number")
        for name in OVERRIDDEN:
            path = f"strategy.{name}"
            self.fields[path] = field_of(path, Strategy.model_fields[name])
            self.fields[path].help_text = Strategy.model_fields[name].description or ""
            self.fields[path].required = False
            self.initial[path] = getattr(usual, name)
        kind = self.fields["strategy.kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [("", f"As configured: {WORDS[usual.kind].lower()}"), *WORDS_OF_STRATEGIES]
        kind.label, self.initial["strategy.kind"] = "How the traffic moves", ""

    def clean(self) -> dict[str, Any]:
        """The strategy that the fields make together, checked as one."""
        given = super().clean() or {}
        given["strategy"] = None
        if given.get("strategy.kind") and not self.errors:
            asked = {name: given[f"strategy.{name}"] for name in OVERRIDDEN}
            kept = {name: value for name, value in asked.items() if value is not None}
            try:
                given["strategy"] = read_strategy(self.usual.model_dump() | kept)
            except PortalError as error:
                self.refuse(error)
        return given

    @property
    def wanted(self) -> dict[str, Any]:
        """What the service asks for."""
        return {name: self.cleaned_data[name] for name in ("version", "reason", "strategy")}

    @property
    def kind(self) -> forms.BoundField:
        """Which way the traffic moves."""
        return self["strategy.kind"]

    @property
    def is_open(self) -> bool:
        """Whether the details are in question: another way was chosen, or one of them is wrong."""
        return bool(self.kind.value()) or any(bound.errors for bound in self.details())

    def newest(self) -> ModelVersion | None:
        """The version that is offered first."""
        field = self.fields["version"]
        assert isinstance(field, VersionChoiceField)
        assert field.queryset is not None
        found: ModelVersion | None = field.queryset.first()
        return found

    def details(self) -> list[forms.BoundField]:
        """How the traffic moves, where not as configured."""
        return [self[f"strategy.{name}"] for name in OVERRIDDEN if name != "kind"]

    def refuse(self, error: PortalError) -> None:
        """Put each sentence beside the field it names, and the others above the form."""
        if isinstance(error, ConfigInvalid):
            for path, said in error.data["fields"].items():
                super().refuse(Invalid(field=path, reason=said))
        else:
            super().refuse(error)


class SteerForm(forms.Form):
    """What a person asks of the release under way, named so that no other one is meant."""

    release = forms.IntegerField(min_value=1, max_value=2**31 - 1)
    wish = forms.ChoiceField(choices=[choice for choice in Release.Wish.choices if choice[0]])
    reason = forms.CharField(max_length=500, required=False)


class RollBackForm(RefusableForm):
    reason = forms.CharField(max_length=500, required=False, help_text="For the record.")


class ScaleForm(RefusableForm):
    replicas = forms.IntegerField(
        min_value=1, max_value=50, label="Model servers", help_text="From 1 to 50."
    )
    note = forms.CharField(max_length=500, required=False, label="Why")


class SettleForm(forms.Form):
    """What becomes of a mismatch, and why."""

    way = forms.ChoiceField(choices=[("adopt", "Adopt"), ("revert", "Revert")])
    reason = forms.CharField(max_length=500, required=False)


class RestartForm(forms.Form):
    """One model server, or where none is named, all of them in turn."""

    replica = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class RetireForm(RefusableForm):
    """The reason, and the name typed by hand."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Everybody with a role in the project reads it on their home page.",
    )
    name = forms.CharField(
        max_length=60, label="Name", widget=forms.TextInput({"autocomplete": "off"})
    )

    def __init__(self, *args: Any, deployment: Deployment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slug = deployment.slug
        self.fields["name"].help_text = f"Type {deployment.slug} to be sure."

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.slug:
            raise forms.ValidationError(f"Type {self.slug} to be sure.")
        return name


class RestoreForm(forms.Form):
    """Which configuration to bring back, and the one that was seen as the present one."""

    number = forms.IntegerField(min_value=0, max_value=2**31 - 1)
    based_on = forms.IntegerField(min_value=0, max_value=2**31 - 1)


class BetweenForm(forms.Form):
    """Two configurations by their numbers."""

    a = forms.IntegerField(min_value=0, max_value=2**31 - 1)
    b = forms.IntegerField(min_value=0, max_value=2**31 - 1)


class WindowForm(forms.Form):
    """How far back the charts look."""

    hours = forms.TypedChoiceField(choices=WINDOWS, coerce=int, required=False)


class OffsetForm(forms.Form):
    """From which byte of a log to go on."""

    after = forms.IntegerField(min_value=0, max_value=2**53)


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
