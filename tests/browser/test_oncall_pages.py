"""On call in a real browser: a schedule is made by keyboard, and its pages are accessible on a phone, too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from apps.incidents.models import Schedule
from apps.incidents.oncall import paging, push, schedules
from tests.base import Cast
from tests.incidents.oncall.base import incident_of, policy_of, rotation, schedule_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURES = os.environ.get("SCREENSHOTS", "")


def enter() -> type[Cast]:
    class Stage(Cast):
        """The cast of this test alone."""

    Stage.enter()
    push.keys()
    return Stage


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_its_pages_are_accessible_and_fit(
    page, sign_in, assert_accessible, transactional_db, theme, width
):
    stage = enter()
    primary = schedule_of(stage.fraud, stage.rita, stage.cora, stage.max, by=stage.ada)
    top = rotation(stage.ada, name="weekend", weekdays=(5, 6))
    schedules.add_layer(schedule=primary, shape=top, by=stage.ada)
    schedule_of(stage.fraud, by=stage.ada)
    policy = policy_of(stage.fraud, (0, [primary]), (5, [stage.max]), by=stage.ada, repeats=2)
    incident = incident_of(stage.fraud, by=stage.rita)
    paging.page_due()
    shown = sign_in(page(theme=theme, width=width), stage.max)
    for address in (
        "/incidents/on-call/",
        primary.get_absolute_url(),
        f"{primary.get_absolute_url()}layers/",
        "/incidents/on-call/policies/",
        policy.get_absolute_url(),
        "/incidents/on-call/me/",
        incident.get_absolute_url(),
    ):
        shown.open(address)
        if PICTURES:
            name = f"{address.strip('/').replace('/', '_')}-{theme}-{width}.png"
            shown.page.screenshot(path=Path(PICTURES) / name, full_page=True)
        assert_accessible(shown)
        assert shown.evaluate("document.documentElement.scrollWidth") <= width, address


def test_a_schedule_is_made_by_keyboard_alone(page, sign_in, transactional_db):
    stage = enter()
    shown = sign_in(page(), stage.max)
    shown.open("/incidents/on-call/new/")
    shown.page.get_by_label("Name").fill("primary")
    shown.page.get_by_label("Time zone").fill("Europe/Berlin")
    shown.page.keyboard.press("Enter")
    shown.page.get_by_label("People").fill("rita\ncora")
    shown.page.get_by_role("button", name="Add the rotation").press("Enter")
    shown.page.get_by_role("button", name="Override").press("Enter")
    shown.page.get_by_label("Who").select_option("max")
    shown.page.get_by_role("button", name="Put on call").press("Enter")
    shown.page.get_by_text("set by max").wait_for()
    assert Schedule.objects.get().overrides.get().user == stage.max
