from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils import timezone

from apps.accounts import places, selectors
from apps.accounts.models import IdentityProvider, Team, User
from apps.accounts.services.providers import ProviderSettings
from apps.core.access import Person, Role

LASTING = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "a year"}
FOREVER = {"": "until it is revoked"}


class ProfileForm(forms.Form):
    """What people say about themselves."""

    full_name = forms.CharField(max_length=150, required=False, label="Name")
    time_zone = forms.ChoiceField(
        label="Time zone", help_text="Times on every page are shown in it."
    )
    theme = forms.ChoiceField(choices=User.Theme.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zoneinfo.available_timezones())
        self.fields["time_zone"] = forms.ChoiceField(
            choices=[(zone, zone.replace("_", " ")) for zone in zones],
            label="Time zone",
            help_text="Times on every page are shown in it.",
        )


class PersonForm(forms.Form):
    """Somebody's name and address, as a site admin knows them."""

    full_name = forms.CharField(max_length=150, required=False, label="Name")
    email = forms.EmailField(
        max_length=254,
        required=False,
        label="E-mail address",
        help_text="An identity provider that vouches for this address opens this account.",
    )


class NewPersonForm(PersonForm):
    """Somebody new."""

    username = forms.CharField(
        max_length=150, label="User name", validators=[UnicodeUsernameValidator()]
    )
    field_order = ("username", "full_name", "email")


class PeopleFilter(forms.Form):
    """What the list of people is narrowed to."""

    q = forms.CharField(
        max_length=200, required=False, label="Search", widget=forms.TextInput({"type": "search"})
    )
    state = forms.ChoiceField(
        choices=[
            ("", "Everybody"),
            ("active", "Active"),
            ("left", "Deactivated"),
            ("admin", "Site admins"),
        ],
        required=False,
    )


class ServiceAccountForm(forms.Form):
    """An account for a machine."""

    username = forms.CharField(
        max_length=150, label="Name", validators=[UnicodeUsernameValidator()]
    )
    description = forms.CharField(max_length=150, required=False, label="What it is for")


class TeamForm(forms.Form):
    name = forms.CharField(max_length=100)


class MemberForm(forms.Form):
    """Somebody who joins a team."""

    user = forms.ModelChoiceField(User.objects.none(), label="Person or service account")

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        free = selectors.outside(team)
        self.fields["user"] = forms.ModelChoiceField(
            free.order_by("username"), label="Person or service account"
        )


class TokenForm(forms.Form):
    """A token for oneself or for a service account."""

    name = forms.CharField(max_length=100, help_text="Where it will be used.")
    role = forms.TypedChoiceField(
        choices=[(role.value, f"at most {role.label}") for role in Role],
        coerce=lambda value: Role(int(value)),
        initial=Role.VIEWER.value,
        help_text="It never does more than you may.",
    )
    projects = forms.MultipleChoiceField(
        required=False, help_text="None chosen: every project that the account may see."
    )
    days = forms.ChoiceField(label="Lasts", initial="90")

    def __init__(self, user: User, maker: Person, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(place.id), place.name) for place in places.visible_to(maker)]
        projects = forms.MultipleChoiceField(
            choices=known, required=False, help_text=self.fields["projects"].help_text
        )
        self.fields["projects"] = projects
        choices = {**LASTING, **(FOREVER if user.is_service else {})}
        self.fields["days"] = forms.ChoiceField(
            choices=list(choices.items()), label="Lasts", initial="90", required=not user.is_service
        )

    def clean_days(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None

    def clean_projects(self) -> list[int] | None:
        return [int(pk) for pk in self.cleaned_data["projects"]] or None


class ProviderForm(forms.Form):
    """An OpenID Connect issuer."""

    name = forms.CharField(max_length=100, help_text="As it stands on the sign-in button.")
    issuer = forms.URLField(
        assume_scheme="https",
        help_text="For example https://login.example.org/realms/main, exactly as it calls itself. "
        "Another issuer unlinks everybody who signs in through this one.",
    )
    client_id = forms.CharField(max_length=200, label="Client id")
    client_secret = forms.CharField(
        max_length=500,
        required=False,
        label="Client secret",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text="Leave it empty to keep the present one.",
    )
    scopes = forms.CharField(max_length=200, initial="openid profile email")
    groups_claim = forms.CharField(
        max_length=60, initial="groups", label="Groups claim", help_text="Dots reach into objects."
    )
    group_teams = forms.CharField(
        required=False,
        max_length=20_000,
        label="Groups and teams",
        widget=forms.Textarea({"rows": 4}),
        help_text="One a line: group = team. Members come and go with the group at sign-in.",
    )
    admin_group = forms.CharField(max_length=200, required=False, label="Group of the site admins")
    trusts_email = forms.BooleanField(
        required=False,
        label="Take its addresses as verified",
        help_text="Only where nobody but your own administrators decides who has which address there.",
    )
    creates_users = forms.BooleanField(
        required=False, initial=True, label="Let in people who are new to the portal"
    )
    enabled = forms.BooleanField(required=False, initial=True)

    def clean_scopes(self) -> str:
        scopes = self.cleaned_data["scopes"].split()
        if "openid" not in scopes:
            raise forms.ValidationError("It must hold openid.")
        return " ".join(scopes)

    def clean_group_teams(self) -> dict[str, str]:
        """`{group: slug of a team}`; every team must exist."""
        lines = [line for line in self.cleaned_data["group_teams"].splitlines() if line.strip()]
        pairs = [_pair(line) for line in lines]
        known = selectors.team_slugs()
        if unknown := sorted({slug for _, slug in pairs} - known):
            raise forms.ValidationError(f"There is no team {unknown[0]}. Name it by its slug.")
        return dict(pairs)

    def settings(self) -> ProviderSettings:
        """What was entered, the secret aside."""
        values = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in {"slug", "client_secret"}
        }
        return ProviderSettings(**values)


class NewProviderForm(ProviderForm):
    """An issuer that nobody has signed in through yet."""

    slug = forms.SlugField(max_length=40, help_text="Stands in the address to return to.")
    field_order = ("name", "slug", "issuer", "client_id", "client_secret")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client_secret"].required = True
        self.fields["client_secret"].help_text = "Kept encrypted and never shown."


def provider_values(provider: IdentityProvider) -> dict[str, Any]:
    """A provider as its form starts out."""
    names = [name for name in ProviderForm.base_fields if name != "client_secret"]
    values = {name: getattr(provider, name) for name in names}
    pairs = provider.group_teams.items()
    return {**values, "group_teams": "\n".join(f"{group} = {slug}" for group, slug in pairs)}


class ExplainForm(forms.Form):
    """Whose right, and where."""

    person = forms.ModelChoiceField(User.objects.none())
    project = forms.ChoiceField()

    def __init__(self, people: Any, viewer: Person, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(place.id), place.name) for place in places.visible_to(viewer)]
        self.fields["person"] = forms.ModelChoiceField(people.order_by("username"))
        self.fields["project"] = forms.ChoiceField(choices=known)


def _pair(line: str) -> tuple[str, str]:
    group, equals, slug = line.rpartition("=")
    if not equals or not group.strip() or not slug.strip():
        raise forms.ValidationError(f"{line.strip()[:60]!r}: write group = team.")
    return group.strip(), slug.strip()
