from __future__ import annotations

from typing import Any

from django import forms

from apps.core.access import Person
from apps.core.ui.refusable import RefusableForm
from apps.integrations.models import Connection
from apps.models import homes
from apps.models.choices import MirrorChoice
from apps.projects.models import Project


class HomeForm(RefusableForm):
    """Which server the project lives on, and what becomes of what is shown of the present one."""

    connection = forms.ModelChoiceField(
        Connection.objects.none(),
        required=False,
        empty_label="The site's own server",
        label="Server",
        help_text="A connection of the kind MLflow that the project has under Connections.",
    )
    mirror = forms.ChoiceField(
        required=False,
        label="What the portal shows now",
        choices=[
            ("", "There is nothing yet"),
            (MirrorChoice.REBUILD, "Put it away, and show what the new server holds"),
            (MirrorChoice.KEEP, "Keep it: the new server holds the same runs and models"),
        ],
    )

    def __init__(self, *args: Any, user: Person, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["connection"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = homes.choices(user, project)
