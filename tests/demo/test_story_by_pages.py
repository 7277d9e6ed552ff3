"""The whole story in Chromium and through pages alone: a shift is chosen, found, answered and written down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import CHROMIUM, FLAGS, Watched
from tests.demo.story import ASKED_FOR
from tests.thread.client import PATIENCE, WholePortal

pytestmark = [*ASKED_FOR, pytest.mark.browser]


@pytest.fixture
def shown(portal: WholePortal) -> Iterator[Watched]:
    """A page of the portal; at the end nothing has gone wrong on it."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(PATIENCE * 1000)
        watched = Watched(context.new_page(), portal.url)
        yield watched
        browser.close()
    assert watched.wrong == []


def sign_in(shown: Watched, portal: WholePortal) -> None:
    shown.open("/")
    shown.get_by_label("Username or email").fill("admin")
    password = (portal.data / "secrets" / "admin_password").read_text().strip()
    shown.get_by_label("Password").fill(password)
    shown.get_by_role("button", name="Sign in", exact=True).click()
    shown.get_by_role("heading", name="Home").wait_for()


def begin(shown: Watched) -> str:
    """Choose the shift on the page; answers where its story is told."""
    shown.open("/demo/")
    shown.get_by_text("Everything in these projects is a demo").wait_for()
    shown.page.reload()
    shown.get_by_label("Deployment", exact=True).select_option(label="tumour-screening")
    shown.get_by_label("What goes wrong").select_option("shift")
    shown.get_by_label("Who acts").select_option("drill")
    shown.get_by_role("button", name="Begin", exact=True).click()
    shown.locator("[data-stages]").wait_for()
    return str(shown.page.url).removeprefix(shown.base)


def seen(shown: Watched, story: str, stage: str) -> None:
    """Wait at the story until a stage is over, and follow its link to the record."""
    shown.open(story)
    shown.locator(f"[data-stage={stage}] a").click()


def test_from_the_shift_to_the_post_mortem(portal: WholePortal, shown: Watched) -> None:
    sign_in(shown, portal)
    story = begin(shown)

    seen(shown, story, "alert")
    shown.get_by_text("Inputs").first.wait_for()
    seen(shown, story, "incident")
    shown.get_by_text("Release 2 of tumour-screening").first.wait_for()
    incident = str(shown.page.url).removeprefix(shown.base)
    shown.get_by_role("button", name="Acknowledge").first.click()
    shown.get_by_text("Acknowledged").first.wait_for()

    shown.get_by_role("link", name="Take a runbook in hand").click()
    shown.get_by_role("button", name="Take it in hand").first.click()
    shown.get_by_role("button", name="Done").first.click()
    shown.get_by_text("Step 1: done.").wait_for()

    shown.open("/deployments/tumour-screening/")
    shown.get_by_role("button", name="Roll back").click()
    shown.get_by_role("button", name="Go back").click()
    seen(shown, story, "answer")
    seen(shown, story, "recovery")
    seen(shown, story, "resolved")

    shown.open(incident)
    shown.get_by_role("link", name="Post-mortem and actions").click()
    shown.get_by_role("button", name="Draft it from the record").click()
    shown.get_by_role("link", name="Edit", exact=True).wait_for()
    shown.get_by_label("What changes").fill("Watch the share of the sub-population")
    shown.get_by_label("By whom").fill("admin")
    shown.get_by_label("Until").fill("2030-01-31")
    shown.get_by_role("button", name="Add it").click()
    shown.locator("td", has_text="2030-01-31").wait_for()
