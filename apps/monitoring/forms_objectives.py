"""What a person enters about an objective."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.core.access import Person
from apps.core.ui.refusable import RefusableForm
from apps.deployments.models import Deployment
from apps.docs.models import Document
from apps.monitoring import selectors
from apps.monitoring.models import Monitor, Slo
from apps.monitoring.objectives.indicators import OF_REQUESTS, SETTINGS
from apps.monitoring.services import Promise

SETTING_FIELDS = ("under_ms", "at_least", "at_most", "part")


class SloForm(RefusableForm):
    """One form for every indicator: a field that its indicator does not know is left empty."""

    name = forms.CharField(max_length=100, initial="availability")
    indicator = forms.ChoiceField(choices=Slo.Indicator.choices)
    percent = forms.FloatField(
        label="Objective, %",
        min_value=50,
        max_value=99.999,
        initial=99.9,
        help_text="The share that is to be good.",
    )
    window_days = forms.IntegerField(label="Window, days", min_value=1, max_value=90, initial=28)
    under_ms = forms.FloatField(required=False, min_value=0, label="Latency: good within, ms")
    monitor = forms.ModelChoiceField(
        Monitor.objects.none(),
        required=False,
        help_text="Quality, freshness and label lag are read from its measurements.",
    )
    at_least = forms.FloatField(required=False, label="Quality: good from")
    at_most = forms.FloatField(
        required=False, label="Good up to", help_text="Freshness and label lag: seconds."
    )
    part = forms.CharField(
        required=False,
        max_length=200,
        label="Part of the series",
        help_text="A slice or column; empty for the whole.",
    )
    runbook = forms.ModelChoiceField(Document.objects.none(), required=False)

    def __init__(self, *args: Any, deployment: Deployment, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("monitor", selectors.monitors(user).filter(deployment=deployment))
        documents = Document.objects.visible_to(user).filter(project_id=deployment.project_id)
        self._choose("runbook", documents)

    def _choose(self, name: str, known: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = known

    @property
    def promise(self) -> Promise:
        """What was entered, as the service takes it."""
        given = self.cleaned_data
        known = SETTINGS[given["indicator"]].model_fields
        asked = {name: given[name] for name in SETTING_FIELDS if name in known}
        return Promise(
            name=given["name"],
            indicator=given["indicator"],
            objective=given["percent"] / 100,
            window_days=given["window_days"],
            settings={name: value for name, value in asked.items() if value not in (None, "")},
            monitor=None if given["indicator"] in OF_REQUESTS else given["monitor"],
            runbook=given["runbook"],
        )


class SloChangeForm(SloForm):
    enabled = forms.BooleanField(required=False, initial=True, label="Counted")

    @staticmethod
    def entered(slo: Slo) -> dict[str, Any]:
        """What the form shows of an objective."""
        return {
            "name": slo.name,
            "indicator": slo.indicator,
            "percent": round(slo.objective * 100, 6),
            "window_days": slo.window_days,
            "monitor": slo.monitor_id,
            "runbook": slo.runbook_id,
            "enabled": slo.enabled,
            **slo.settings,
        }
