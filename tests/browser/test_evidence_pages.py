"""The evidence of an incident, in a browser: a cause, none, long names, both themes, a phone's width."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.docs import services as docs
from apps.incidents import selectors, services
from apps.incidents.pack import Case
from apps.incidents.pack.registry import GATHERERS, Gatherer
from apps.integrations.models import Connection
from apps.monitoring import services as monitoring
from apps.monitoring.levels import Level
from apps.monitoring.looks import Point, Seen
from apps.projects.services import create_project
from tests.deployments.test_pages import release, served
from tests.models import registered

pytestmark = pytest.mark.browser
LONG = "average_amount_of_all_card_transactions_of_the_last_ninety_days_in_euros_without_refunds"


@pytest.fixture
def incident(ada):
    project = create_project(name="Fraud", slug="fraud", by=ada)
    docs.write(
        project=project,
        kind="runbook",
        body="# Slow answers\n\n## Steps\n\n- [ ] Look at memory.\n- [ ] Roll back.",
        by=ada,
    )
    first, second = (
        registered.version(project, "churn", number, {"accuracy": 0.9 + number / 50})
        for number in (1, 2)
    )
    place = served(first, project.environments.get(name="staging"), ada)
    monitor = monitoring.create_monitor(
        deployment=place, kind="metric", name="memory", by=ada,
        settings={"query": "memory_bytes", "at_most": 100},
    )  # fmt: skip
    release(place, second, ada)
    at = timezone.now() + timedelta(minutes=10)
    finding = {"name": LONG, "level": "act", "effect": 180.0, "interval": [180.0, 180.0]}
    seen = Seen(
        Level.ACT, 15, at - timedelta(minutes=5), at, f"churn-live: memory of {LONG} is 180",
        [finding], features=[finding], points=[Point(180.0, 15)],
    )  # fmt: skip
    monitoring.judge(monitor=monitor, seen=seen, at=at)
    alert = project.alerts.get()
    return services.open_from_alert(alert)


def keep(incident, reason=""):
    services.keep_evidence(selectors.for_evidence(incident.pk), reason=reason)


def test_they_are_accessible_and_fit(ada, incident, assert_fit, monkeypatch):
    bare = services.open_by_hand(project=incident.project, title="Odd", severity="low", by=ada)
    keep(bare)
    keep(incident)

    def fails(case: Case):
        raise ConnectionError

    monkeypatch.setitem(GATHERERS, "odd", Gatherer("odd", "The odd one", fails))
    Connection.objects.create(project=incident.project, slug="jira", name=LONG[:60], values={})
    incident.packs.update(checked_at=timezone.now() - timedelta(hours=1))
    keep(incident, "another alert joined")
    assert incident.packs.count() == 2
    page = incident.get_absolute_url()
    assert_fit(
        [page, f"{page}evidence/", f"{page}evidence/?number=1", bare.get_absolute_url()], ada
    )


def test_a_pack_before_is_opened_from_the_incident(page, sign_in, ada, incident):
    keep(incident)
    type(incident.project).objects.update(name="Renamed")
    keep(incident)
    shown = sign_in(page(), ada).open(incident.get_absolute_url())
    shown.get_by_text("A likely cause is on record").wait_for()
    shown.get_by_role("link", name="Pack 2", exact=True).click()
    shown.wait_for_url("**/evidence/")
    shown.get_by_text("Came: Owner of Renamed").wait_for()
    shown.get_by_role("link", name="Pack 1").click()
    shown.wait_for_url("**number=1")
    shown.get_by_role("link", name="Owner of Fraud").wait_for()
    with shown.page.expect_download() as download:
        shown.get_by_role("link", name="Download as JSON").click()
    assert download.value.suggested_filename == f"incident-{incident.number}-evidence-1.json"
