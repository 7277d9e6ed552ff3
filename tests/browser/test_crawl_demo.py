"""A portal that runs with its demo, walked by its links as each role. It is asked for:

CRAWL_DEMO=http://localhost:8000 CRAWL_DATA=./data .venv/bin/python -m pytest tests/browser/test_crawl_demo.py
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Watched
from tests.browser.crawler import Crawler, credentials

BASE = os.environ.get("CRAWL_DEMO", "").rstrip("/")
SECRETS = Path(os.environ.get("CRAWL_DATA", "data")) / "secrets"
PICTURES = os.environ.get("SCREENSHOTS", "")  # a folder for a picture of each page
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not BASE, reason="CRAWL_DEMO names no portal that runs with its demo"),
]
# One of each role, a stranger to the projects, and who runs the portal; the last ones see most.
PEOPLE = (
    ("stan", "light", 1440),
    ("vera", "dark", 390),
    ("rosa", "light", 390),
    ("clara", "dark", 1440),
    ("mia", "light", 1440),
    ("olga", "dark", 390),
    ("admin", "light", 1440),
    ("admin", "dark", 390),
)


def password(name: str) -> str:
    if name == "admin":
        return (SECRETS / "admin_password").read_text().strip()
    return credentials(SECRETS / "demo_passwords")[name]


@pytest.fixture
def visitor(chromium: Any) -> Iterator[Callable[..., Watched]]:
    """A browser of its own, signed in by the form."""
    made: list[Any] = []

    def sign_in(name: str, theme: str, width: int) -> Watched:
        size = {"width": width, "height": 900}
        context = chromium.new_context(viewport=size, reduced_motion="reduce")
        context.set_default_timeout(240_000)  # the machine may be busy
        made.append(context)
        shown = Watched(context.new_page(), BASE)
        shown.open("/accounts/login/")
        shown.page.fill("input[name=login]", name)
        shown.page.fill("input[name=password]", password(name))
        shown.page.press("input[name=password]", "Enter")
        shown.page.wait_for_url(f"{BASE}/")
        # Signing in has brought the person's own theme.
        context.add_cookies([{"name": "theme", "value": theme, "url": BASE}])
        return shown

    yield sign_in
    for context in made:
        context.close()


@pytest.mark.parametrize(("name", "theme", "width"), PEOPLE)
def test_every_link_leads_to_a_good_page(visitor, assert_accessible, name, theme, width) -> None:
    folder = Path(PICTURES) / f"{name}-{theme}" if PICTURES else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    crawler = Crawler(visitor(name, theme, width), width, assert_accessible, folder)
    crawler.walk()
    assert len(crawler.seen) > 20
    assert crawler.faults == [], "\n".join(crawler.faults)
