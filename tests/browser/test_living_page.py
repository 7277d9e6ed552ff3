"""The living page, as people meet it."""

from __future__ import annotations

import gzip

import pytest

pytestmark = pytest.mark.browser
VARIANTS = [(theme, width) for theme in ("light", "dark") for width in (1440, 390)]
BUDGET = 120 * 1024


@pytest.mark.parametrize(("theme", "width"), VARIANTS)
def test_it_is_accessible(page, sign_in, ada, assert_accessible, theme, width):
    living = sign_in(page(theme=theme, width=width), ada).open("/ui/")
    living.wait_for_selector(".uplot, .chart svg")

    assert_accessible(living)
    assert living.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1440, 390])
def test_it_fits_when_zoomed_to_200_percent(page, sign_in, ada, width):
    living = sign_in(page(width=max(width, 640), scale=2), ada).open("/ui/")

    assert living.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_its_scripts_stay_within_the_budget(page, sign_in, ada):
    living = sign_in(page(), ada).open("/ui/")
    living.wait_for_load_state("networkidle")

    first = [
        answer
        for answer in living.loaded
        if answer.url.split("?")[0].endswith(".js")
        and "chart" not in answer.url.lower()
        and "uPlot" not in answer.url
    ]
    assert len(first) > 5
    assert sum(len(gzip.compress(answer.body(), 6)) for answer in first) <= BUDGET


def test_it_does_not_move_while_it_loads(page, sign_in, ada):
    living = sign_in(page(), ada)
    living.add_init_script(
        "window.moved = 0; new PerformanceObserver(list => { for (const one of list.getEntries()) "
        "if (!one.hadRecentInput) window.moved += one.value }).observe({type: 'layout-shift', buffered: true})"
    )
    living.open("/ui/")
    living.wait_for_load_state("networkidle")

    assert living.evaluate("window.moved") < 0.02


def test_it_reads_without_scripts(page, sign_in, ada):
    living = sign_in(page(scripts=False), ada).open("/ui/")

    assert living.locator(".chart svg polyline").count() > 2
    living.get_by_role("link", name="Home").wait_for()
