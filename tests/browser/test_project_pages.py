"""The pages of projects and the REST reference, in a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.access import Role
from apps.projects.models import Grant
from apps.projects.services import create_project, plan_freeze

pytestmark = pytest.mark.browser
LONG = "Real-time card fraud detection for the whole of northern Europe and its islands, second try"
PATHS = [
    "/projects/",
    "/projects/new/",
    "/projects/fraud/",
    "/projects/fraud/members/",
    "/projects/fraud/environments/",
    "/projects/fraud/settings/",
]


@pytest.fixture
def fraud(ada):
    project = create_project(name=LONG, slug="fraud", by=ada, purpose="Says yes or no.")
    carol = type(ada).objects.create_user("carol", "carol@example.org")
    Grant.objects.create(project=project, user=carol, role=Role.VIEWER)
    now = timezone.now()
    plan_freeze(
        environment=project.environments.get(name="prod"),
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=1),
        reason="Quarter end",
        by=ada,
    )
    return project


def test_they_are_accessible_and_fit(ada, fraud, assert_fit):
    assert_fit(PATHS, ada)


def test_an_empty_workspace_is_accessible(page, sign_in, ada, assert_accessible):
    shown = sign_in(page(), ada).open("/projects/")
    shown.get_by_text("No projects yet").wait_for()
    assert_accessible(shown)


def test_a_project_is_archived_after_being_asked_once(page, sign_in, ada, fraud, assert_accessible):
    shown = sign_in(page(), ada).open("/projects/fraud/settings/")
    shown.get_by_role("button", name="Archive this project").click()
    dialog = shown.get_by_role("dialog")
    dialog.get_by_text("takes no more changes").wait_for()
    assert_accessible(shown)
    dialog.get_by_role("button", name="Archive", exact=True).click()
    shown.wait_for_url("**/projects/")
    fraud.refresh_from_db()
    assert fraud.is_archived


def test_a_members_role_is_changed_and_taken_away(page, sign_in, ada, fraud):
    shown = sign_in(page(), ada).open("/projects/fraud/members/")
    shown.get_by_role("row", name="carol").get_by_role("button", name="Actions").click()
    shown.get_by_role("button", name="Make responder").click()
    shown.get_by_role("row", name="responder").wait_for()
    shown.get_by_role("row", name="carol").get_by_role("button", name="Actions").click()
    shown.get_by_role("button", name="Remove", exact=True).first.click()
    shown.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    shown.get_by_text("carol has no role of their own here any more").wait_for()
    assert not fraud.grants.filter(user__username="carol").exists()


def test_the_reference_is_accessible_and_finds_operations(page, sign_in, ada, assert_accessible):
    shown = sign_in(page(width=1440), ada).open("/api/v1/reference/")
    assert_accessible(shown)
    shown.get_by_label("Find an operation").fill("freeze patch")
    shown.get_by_text("1 of ").wait_for()
    assert shown.locator("[data-reference-operation]:visible").count() == 1
    narrow = sign_in(page(width=390), ada).open("/api/v1/reference/")
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
