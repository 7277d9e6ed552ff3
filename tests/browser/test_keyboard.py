"""Everything works by keyboard alone."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser
PALETTE = re.compile(r"/palette/\?q=")
FOCUSED = "document.activeElement.textContent.trim()"


@pytest.fixture
def living(page, sign_in, ada):
    return sign_in(page(), ada).open("/ui/")


def test_the_first_tab_offers_to_skip_the_rail(living):
    living.keyboard.press("Tab")
    assert living.evaluate(FOCUSED) == "Skip to content"

    living.keyboard.press("Enter")
    assert living.evaluate("document.activeElement.id") == "page"


def test_the_rail_is_walked_in_order(living):
    links = living.locator(".rail-link")
    assert links.count() > 0

    walked = []
    for _ in range(links.count() + 5):
        living.keyboard.press("Tab")
        if living.evaluate("document.activeElement.matches('.rail-link')"):
            walked.append(living.evaluate("document.activeElement.getAttribute('href')"))
    assert walked == [links.nth(at).get_attribute("href") for at in range(links.count())]


def test_what_has_the_focus_can_be_seen(living):
    for _ in range(12):
        living.keyboard.press("Tab")
        style = "getComputedStyle(document.activeElement)"
        assert living.evaluate(f"{style}.outlineStyle") == "solid"
        assert living.evaluate(f"parseFloat({style}.outlineWidth)") >= 2


def test_ctrl_k_searches_and_goes_there(living):
    living.route(
        PALETTE,
        lambda route: route.fulfill(
            json={
                "results": [
                    {
                        "group": "Pages",
                        "title": "Components",
                        "hint": "",
                        "url": "/ui/?first",
                        "icon": "table",
                    },
                    {
                        "group": "Models",
                        "title": "churn",
                        "hint": "v7",
                        "url": "/ui/?second",
                        "icon": "model",
                    },
                ]
            }
        ),
    )
    living.keyboard.press("Control+k")
    living.get_by_role("option", name="churn").wait_for()
    living.keyboard.press("ArrowDown")
    active = living.locator(".palette input").get_attribute("aria-activedescendant")
    assert "churn" in living.locator(f"#{active}").text_content()

    living.keyboard.press("Enter")
    living.wait_for_url("**/ui/?second")


def test_escape_leaves_the_palette_where_it_was_opened(living):
    living.locator(".page-actions button").first.focus()
    living.keyboard.press("Control+k")
    living.locator(".palette").wait_for()

    living.keyboard.press("Escape")
    living.locator(".palette").wait_for(state="hidden")
    assert living.evaluate(FOCUSED) == "Show a toast"


def test_the_palette_says_when_nothing_is_found(living):
    living.route(PALETTE, lambda route: route.fulfill(json={"results": []}))
    living.keyboard.press("Control+k")
    living.keyboard.type("zebra")

    living.get_by_text("Nothing you may see matches “zebra”.").wait_for()


def test_a_dialog_keeps_the_focus_and_gives_it_back(living):
    living.locator(".page-actions button").nth(1).focus()
    living.keyboard.press("Enter")
    dialog = living.locator("#roll-back")
    dialog.wait_for()
    assert living.evaluate(FOCUSED) == "Cancel"

    for _ in range(6):
        living.keyboard.press("Tab")
        # Between the last control and the first the focus may rest on the document, never on the page behind.
        assert living.evaluate("!document.activeElement.closest('.frame')")
    living.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert living.evaluate(FOCUSED) == "Roll back to v6"


def test_a_dialog_opened_from_a_menu_gives_the_focus_to_the_menus_button(living):
    living.get_by_role("button", name="More about v7").focus()
    living.keyboard.press("Enter")
    living.keyboard.press("ArrowDown")
    assert living.evaluate(FOCUSED) == "About this window"

    living.keyboard.press("Enter")
    living.locator("#plain").wait_for()
    living.keyboard.press("Escape")
    assert living.evaluate("document.activeElement.getAttribute('aria-label')") == "More about v7"


def test_arrows_move_between_the_rows_of_a_table(living):
    rows = living.locator("table[data-table] tbody tr")
    rows.nth(0).locator("a").first.focus()
    living.keyboard.press("ArrowDown")
    assert living.evaluate("document.activeElement.rowIndex") == 2

    living.keyboard.press("Enter")
    wanted = rows.nth(1).locator("a").first.get_attribute("href")
    living.wait_for_url(f"**{wanted}")


def test_a_chart_is_read_and_zoomed(living):
    chart = living.locator("[data-chart]").first
    stage = chart.locator(".chart-stage[tabindex]")
    if chart.get_attribute("data-library") == "":
        pytest.skip("the chart library is not installed: run `npm ci`")
    stage.focus()
    living.keyboard.press("ArrowRight")
    assert "p99" in chart.locator("[data-chart-read]").text_content()

    for _ in range(10):
        living.keyboard.press("Shift+ArrowRight")
    living.keyboard.press("Enter")
    chart.locator("[data-chart-reset]").wait_for()
    living.keyboard.press("Escape")
    chart.locator("[data-chart-reset]").wait_for(state="hidden")
