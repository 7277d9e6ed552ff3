"""What follows an incident, in a browser: axe finds nothing, and all of it fits."""

from __future__ import annotations

import pytest

from apps.incidents import postmortems, status
from apps.incidents.models import Incident, StatusPage, Step
from tests.base import Cast
from tests.security.planting import Planted

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def test_pages_after_an_incident_are_accessible_and_fit(assert_fit, transactional_db):
    class Stage(Cast):
        """The cast of this test alone."""

    Stage.enter()
    Planted(Stage.fraud, Stage.ada).everything()
    row = Incident.objects.order_by("pk").first()
    if not hasattr(row, "post_mortem"):
        postmortems.begin(incident=row, by=Stage.ada)
    token = status.rotate_address(page=StatusPage.objects.get(), by=Stage.ada)
    step = Step.objects.get()
    Step.objects.filter(pk=step.pk).update(kind="action", text="silence Score drift for 2h")
    pages = (
        f"/incidents/{row.pk}/", f"/incidents/{row.pk}/runbook/", f"/incidents/steps/{step.pk}/",
        f"/incidents/{row.pk}/post-mortem/", f"/incidents/{row.pk}/publish/",
        "/incidents/status-pages/fraud/", "/incidents/status-pages/fraud/settings/",
        f"/status/{token}/",
    )  # fmt: skip
    assert_fit(pages, Stage.ada)
