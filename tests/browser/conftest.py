"""A real Chromium in front of Django's live server. Skipped, with the reason, where there is none."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HEIGHT = 900
LOOKS = (("light", 1440), ("dark", 390))
PATIENT = 240_000  # milliseconds: the machine may be busy, and hold any process up
# What a page shows for a moment (copy.js, toast.js) stays: a test may be held up before it looks.
LASTING = """
const soon = window.setTimeout
window.setTimeout = (act, wait, ...more) =>
  soon(act, [1600, 6000].includes(wait) ? 3_600_000 : wait, ...more)
"""
# Colours fade from one theme to the other; what is judged is where they lead.
ARRIVE = """() => document.getAnimations()
  .filter(one => one instanceof CSSTransition).forEach(one => one.finish())"""
PICTURES = os.environ.get("SCREENSHOTS", "")  # a folder for a picture of each page
# Chromium and htmx also report an answer of 4xx or 5xx on the console; those are the tests' own business.
ANSWERS = re.compile(
    r"Failed to load resource: the server responded with a status of [45]\d\d"
    r"|Response Status Error Code [45]\d\d"
)


class Watched:
    """A page that notes what must never happen: a request to elsewhere, an error, a refused style or script."""

    def __init__(self, page: Any, base: str) -> None:
        self.page = page
        self.base = base
        self.wrong: list[str] = []
        self.loaded: list[Any] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", self._asked)
        page.on("response", lambda answer: self.loaded.append(answer))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.page, name)

    def open(self, path: str) -> Watched:
        self.page.goto(self.base + path)
        return self

    def turn(self, theme: str, width: int) -> None:
        """The same page in another look, without a further load."""
        self.page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.evaluate(ARRIVE)

    def _said(self, message: Any) -> None:
        if message.type in {"error", "warning"} and not ANSWERS.match(message.text):
            self.wrong.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        asked = urlsplit(request.url)
        if asked.scheme not in {"data", "blob"} and asked.netloc != urlsplit(self.base).netloc:
            self.wrong.append(f"left the host: {request.url}")


@pytest.fixture(scope="package", autouse=True)
def alone_at_the_end(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """No thread of the live server is left in the database when the next tests come."""
    yield
    with django_db_blocker.unblock():
        _wait_until_alone()


def _wait_until_alone() -> None:
    """The live server's threads end a moment after the browser left; the database goes after them."""
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    for _ in range(1200):
        with connection.cursor() as cursor:
            cursor.execute(count)
            if cursor.fetchone() == (1,):
                return
        time.sleep(0.1)


@pytest.fixture(scope="package")
def chromium(alone_at_the_end: None) -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    # Playwright's loop runs in this thread; Django would take the tests' own queries for asynchronous ones.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=PATIENT)
        yield browser
        browser.close()
        connections.close_all()  # Those of this loop; outside it Django holds others.
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(chromium: Any, live_server: Any) -> Iterator[Callable[..., Watched]]:
    """Make pages: `page(theme="dark", width=390)`. At its end each must have been well behaved."""
    made: list[tuple[Any, Watched]] = []

    def make(
        *, theme: str = "", width: int = 1440, scale: float = 1, scripts: bool = True
    ) -> Watched:
        context = chromium.new_context(
            viewport={"width": int(width / scale), "height": int(HEIGHT / scale)},
            device_scale_factor=scale,
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENT)
        context.add_init_script(LASTING)
        # The live server of the tests speaks no WebSocket; a test that needs one answers by itself.
        context.route_web_socket("**/ws/**", lambda socket: None)
        if theme:
            context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])
        watched = Watched(context.new_page(), live_server.url)
        made.append((context, watched))
        return watched

    yield make
    for context, _ in made:
        context.close()
    assert [sentence for _, watched in made for sentence in watched.wrong] == []


@pytest.fixture
def sign_in() -> Callable[[Watched, Any], Watched]:
    """Give a page the session of a user."""

    def give(watched: Watched, user: Any) -> Watched:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        cookie = {"name": name, "value": client.cookies[name].value, "url": watched.base}
        watched.context.add_cookies([cookie])
        return watched

    return give


@pytest.fixture(scope="session")
def assert_accessible() -> Callable[[Watched], None]:
    """axe-core finds nothing."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run `npm ci`")
    source = AXE.read_text()

    def check(watched: Watched) -> None:
        if not watched.evaluate("'axe' in window"):  # a page that was turned has it still
            watched.evaluate(source)
        found = watched.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        said = [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]
        assert said == []

    return check


@pytest.fixture
def assert_fit(
    page: Callable[..., Watched],
    sign_in: Callable[[Watched, Any], Watched],
    assert_accessible: Callable[[Watched], None],
) -> Callable[..., None]:
    """Walk pages in both looks: `assert_fit(paths, ada)`. axe finds nothing and nothing is too wide."""

    def check(paths: Iterable[str], user: Any = None) -> None:
        faults: list[str] = []
        shown = page()
        if user is not None:
            sign_in(shown, user)
        for path in paths:
            shown.open(path)
            for theme, width in LOOKS:
                shown.turn(theme, width)
                faults += _faults(shown, path, width, assert_accessible)
        assert faults == [], "\n".join(faults)

    return check


def _faults(
    shown: Watched, path: str, width: int, assert_accessible: Callable[[Watched], None]
) -> Iterator[str]:
    if PICTURES:
        name = re.sub(r"\W+", "_", path).strip("_") or "home"
        shown.page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
    try:
        assert_accessible(shown)
    except AssertionError as fault:
        yield f"{path} at {width}: {str(fault)[:600]}"
    if shown.evaluate("document.documentElement.scrollWidth") > width:
        yield f"{path} at {width}: too wide"


@pytest.fixture
def ada(transactional_db: None) -> Any:
    from apps.accounts.models import User

    return User.objects.create_user("ada", "ada@example.org", "a-long-passphrase")
