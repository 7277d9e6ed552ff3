from __future__ import annotations

from django import forms

from apps.core.access import Person
from apps.core.ui.refusable import RefusableForm
from apps.demo import selectors
from apps.demo.choices import Fault, Mode


class StoryForm(RefusableForm):
    """Which deployment, what goes wrong, and who acts."""

    world = forms.ChoiceField(label="Deployment")
    fault = forms.ChoiceField(label="What goes wrong", choices=Fault.choices)
    mode = forms.ChoiceField(
        label="Who acts",
        choices=[
            (Mode.STORY, "The demo's people, by themselves"),
            (Mode.DRILL, "You: it is a drill, and the time is taken"),
        ],
    )

    def __init__(self, *args: object, user: Person, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        found = selectors.playable(user)
        self.fields["world"].choices = [  # type: ignore[attr-defined]
            (feed.world, feed.deployment.slug) for feed in found if feed.deployment
        ]


class RateForm(RefusableForm):
    """How much traffic the demo makes while it is calm."""

    calls_per_minute = forms.IntegerField(
        label="Calls a minute and deployment", min_value=1, max_value=120
    )


class MoveForm(forms.Form):
    """The status a ticket is moved to on the stand-in's page."""

    status = forms.CharField(max_length=20)
