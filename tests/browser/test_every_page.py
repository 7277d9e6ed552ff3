"""Every page there is, with something in it: axe finds nothing, nothing leaves the host, nothing overflows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.base import Cast
from tests.browser.conftest import LOOKS
from tests.security.planting import Planted
from tests.security.routes import routes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
]
PICTURES = os.environ.get("SCREENSHOTS", "")  # a folder for a picture of each page
# These end the session, or answer with no page of ours.
LEFT_OUT = ("accounts/logout", "static/")


def addresses(planted: Planted) -> Iterator[str]:
    """Every address that can be read, with a planted record in each gap."""
    for route in routes():
        if "get" in route.methods and not route.is_api and not route.pattern.startswith(LEFT_OUT):
            yield route.address(planted)


def test_it_is_accessible_and_fits(page, sign_in, assert_accessible, transactional_db):
    class Stage(Cast):
        """The cast of this test alone."""

    Stage.enter()
    planted = Planted(Stage.fraud, Stage.ada).everything()
    shown = sign_in(page(), Stage.sam)
    faults, seen = [], 0
    for address in sorted(set(addresses(planted))):
        if opens(shown, address):
            seen += 1
            faults += faults_of(shown, address, assert_accessible)
    assert seen > 50
    assert faults == [], "\n".join(faults)


def opens(shown, address: str) -> bool:
    """Go there; whether it is a page. A file, a refusal and a fragment for htmx are none."""
    answer = shown.page.context.request.get(shown.base + address)
    # A file of a run's is MLflow's to give, and no MLflow runs beside this test.
    away = answer.status == 503 and "MLflow" in answer.text()
    assert answer.status < 500 or away, f"{address}: {answer.status}"
    if answer.status != 200 or "<main" not in answer.text():
        return False
    shown.open(address)
    return True


def faults_of(shown, address: str, assert_accessible) -> Iterator[str]:
    """What is wrong with the page in either look."""
    for theme, width in LOOKS:
        shown.turn(theme, width)
        if PICTURES:
            name = f"{address.strip('/').replace('/', '_') or 'home'}-{theme}-{width}.png"
            shown.page.screenshot(path=Path(PICTURES) / name, full_page=True)
        try:
            assert_accessible(shown)
            assert shown.evaluate("document.documentElement.scrollWidth") <= width, "too wide"
        except AssertionError as fault:
            yield f"{address} {theme}: {str(fault)[:600]}"
