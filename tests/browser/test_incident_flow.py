"""Alert, incident, evidence, runbook step, rollback, recovery, resolved, post-mortem: one flow through pages."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from apps.deployments import services as deployments
from apps.deployments.models import Release
from apps.docs import services as docs
from apps.docs.models import Document
from apps.incidents import selectors, services
from apps.incidents.models import Incident, PostMortem, Step
from apps.models.models import ModelVersion, RegisteredModel
from apps.monitoring.models import Monitor, Verdict
from apps.monitoring.services import firing
from apps.projects.services import create_project
from tests.browser.test_deployment_pages import go, place, run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
PICTURES = os.environ.get("SCREENSHOTS", "")  # a folder for a picture of each page
RUNBOOK = """---
kind: runbook
applies_to:
  alerts: [Score drift]
---
# Scores drift

## First

- [ ] Say that you look at it.
- check: deployment: fraud-live

## Stop the harm

- action: roll_back fraud-live
"""


@pytest.fixture
def drifting(ada):
    """A good release, a bad one after it, and the monitor that watches both."""
    project = create_project(name="Fraud", slug="fraud", by=ada)
    model = RegisteredModel.objects.create(project=project, name="fraud")
    for number in (1, 2):
        ModelVersion.objects.create(project=project, model=model, number=number)
    row = place(model, "fraud-live", ada)
    for number in (1, 2):
        go(row, number, ada)
    docs.write(project=project, kind="runbook", body=RUNBOOK, by=ada)
    return Monitor.objects.create(project=project, deployment=row, name="Score drift", kind="drift")


def fire(monitor):
    """What the monitor does when it sees the shift."""
    now = timezone.now()
    verdict = Verdict.objects.create(
        monitor=monitor, level="act", rows=200, starts_at=now - timedelta(hours=1), ends_at=now,
        findings=[],
    )  # fmt: skip
    feature = {"name": "amount", "effect": 0.8, "interval": [0.7, 0.9]}
    with transaction.atomic():
        return firing.keep(
            monitor, verdict=verdict, summary="amount has drifted", features=[feature]
        )


def recover(monitor):
    """What the monitor does when it sees nothing any more."""
    with transaction.atomic():
        firing.resolve(monitor)


def picture(shown, name):
    if PICTURES:
        shown.page.screenshot(path=Path(PICTURES) / f"flow-{name}.png", full_page=True)


def test_from_the_alert_to_the_post_mortem(page, sign_in, ada, drifting):
    alert = fire(drifting)
    incident = Incident.objects.get(alert=alert)
    services.keep_evidence(selectors.for_evidence(incident.pk))  # as the worker does

    shown = sign_in(page(), ada).open("/")
    shown.locator("main").get_by_role("link", name="amount has drifted").first.click()
    shown.get_by_text("amount is beyond its limit").first.wait_for()
    shown.get_by_text("was the last good version").first.wait_for()
    picture(shown, "incident")
    shown.get_by_role("button", name="Acknowledge").first.click()
    shown.get_by_text("Acknowledged").first.wait_for()

    shown.get_by_role("link", name="Take a runbook in hand").click()
    shown.get_by_role("button", name="Take it in hand").click()
    shown.get_by_text("Say that you look at it.").wait_for()
    picture(shown, "runbook")
    shown.get_by_role("button", name="Done").click()
    shown.get_by_text("Step 1: done.").wait_for()
    shown.get_by_role("button", name="Check").click()
    shown.get_by_text("serves fraud v2").first.wait_for()
    shown.get_by_role("link", name="Runbook", exact=True).click()

    shown.get_by_role("link", name="See the plan").click()
    shown.get_by_role("heading", name="Roll fraud-live back to fraud v1?").wait_for()
    assert Release.objects.count() == 2
    picture(shown, "plan")
    shown.get_by_role("button", name="Run it now").click()
    shown.get_by_text("Release 3 of fraud-live, fraud v1: queued.").wait_for()
    made = Release.objects.get(number=3)
    run(made)  # as the runner does
    deployments.go_live(made.pk)
    shown.page.reload()
    shown.get_by_text("Release 3 of fraud-live, fraud v1: live.").wait_for()
    picture(shown, "rolled-back")

    recover(drifting)
    shown.open(incident.get_absolute_url())
    shown.get_by_text("Score drift has recovered.").wait_for()
    incident.refresh_from_db()
    assert incident.state == "resolved"

    shown.get_by_role("link", name="Post-mortem and actions").click()
    shown.get_by_role("button", name="Draft it from the record").click()
    shown.get_by_role("link", name="Edit", exact=True).wait_for()
    shown.get_by_label("What changes").fill("Test the amounts before a release")
    shown.get_by_label("By whom").fill("ada")
    shown.get_by_label("Until").fill("2027-01-31")
    shown.get_by_role("button", name="Add it").click()
    shown.locator("td", has_text="2027-01-31").wait_for()
    picture(shown, "post-mortem")
    body = PostMortem.objects.get(incident=incident).document.body
    assert "roll\\_back fraud-live" in body
    assert "was live before" in body
    shown.get_by_role("button", name="Propose the section").click()
    shown.get_by_text("Learned from incident 1").first.wait_for()
    runbook = Document.objects.get(kind="runbook")
    assert "Learned from" not in runbook.body
    assert set(Step.objects.values_list("state", flat=True)) == {"done"}
