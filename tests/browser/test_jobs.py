"""A job's page in a real browser, in front of the portal's own server: it moves by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from apps.core import jobs
from apps.core.jobs import ends, runner
from apps.core.models import Job
from tests import server
from tests.base import Cast
from tests.browser.conftest import PATIENT
from tests.jobs_fixture import tasks
from tests.jobs_fixture.processes import until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
assert tasks.WAYS


@pytest.fixture
def portal(transactional_db: None) -> Iterator[str]:
    """The address of a real web process on the test's database."""
    with server.running() as address:
        yield address


@pytest.fixture
def cast(transactional_db: None) -> type[Cast]:
    Cast.enter()
    return Cast


@pytest.fixture
def tab(chromium: Any, portal: str, cast: type[Cast]) -> Iterator[Any]:
    """A tab in which Ada is signed in."""
    client = Client()
    client.force_login(cast.ada)
    name = settings.SESSION_COOKIE_NAME
    context = chromium.new_context()
    context.set_default_timeout(PATIENT)
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": portal}])
    yield context.new_page()
    context.close()


@pytest.fixture
def running(cast: type[Cast], tmp_path: Path) -> jobs.Progress:
    """A job of Ada's that a worker, played by this test, has just taken."""
    job = jobs.enqueue(
        "fixture.polite", owner=cast.ada, project_id=cast.fraud.pk, folder=str(tmp_path)
    )
    taken = runner.claim(job.pk)
    assert taken is not None
    return jobs.Progress(taken)


def test_progress_log_and_cancel_move_without_a_reload(
    tab: Any, portal: str, running: jobs.Progress
) -> None:
    job = running.job
    socket_opened = Listener(tab)
    tab.goto(f"{portal}/jobs/{job.pk}/")
    tab.evaluate("window.stayed = true")
    until(socket_opened.subscribed, what="the page listens", seconds=300)

    in_worker(lambda: running(42, "Halfway through the rows"))
    tab.wait_for_selector("progress[value='42']")
    tab.wait_for_function("document.querySelector('#job-log').innerText.includes('Halfway')")
    assert tab.evaluate("window.stayed") is True

    tab.click("text=Cancel job")
    tab.click("dialog[open] button[type=submit]")
    tab.wait_for_selector("#job-state:has-text('Stopping since')")
    with pytest.raises(jobs.Cancelled):
        running.check()
    tab.evaluate("window.stayed = true")
    in_worker(lambda: ends.end(job, Job.State.CANCELLED, note="Cancelled."))
    tab.wait_for_selector("#job-state .badge:has-text('Cancelled')")
    tab.wait_for_selector("#job-state button:has-text('Retry')")
    assert tab.evaluate("window.stayed") is True


def in_worker(act: Callable[[], Any]) -> None:
    """Do what a worker does in a thread of its own: the browser's loop runs in this one."""

    def alone() -> None:
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(alone).result()


class Listener:
    """Hears what the tab's WebSocket is told."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab
        self.heard: list[str] = []
        tab.on("websocket", self._opened)

    def _opened(self, websocket: Any) -> None:
        websocket.on("framereceived", lambda payload: self.heard.append(str(payload)))

    def subscribed(self) -> bool:
        self.tab.wait_for_timeout(50)  # lets the browser's events arrive
        return any("subscribed" in line for line in self.heard)
