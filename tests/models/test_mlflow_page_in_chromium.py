"""MLflow's own page in a real Chromium, under the portal's session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.models.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(500)]

CHROMIUM = "/usr/bin/chromium"
SESSIONS = """
import json
from django.conf import settings
from django.test import Client
from apps.accounts.models import User
found = {}
for user in User.objects.filter(username__in=["cora", "bob"]):
    client = Client()
    client.force_login(user)
    found[user.username] = client.cookies[settings.SESSION_COOKIE_NAME].value
print("SESSIONS" + json.dumps({"name": settings.SESSION_COOKIE_NAME, "of": found}))
"""
LOG = """
import json, mlflow
mlflow.set_experiment("shown-experiment")
with mlflow.start_run(run_name="shown-run") as run:
    mlflow.log_metric("accuracy", 0.9)
    mlflow.log_text("<h1>Report</h1><script>document.body.textContent = 'RAN'</script>", "r.html")
print(json.dumps([run.info.experiment_id, run.info.run_id]))
"""
PATIENT = 240_000


@pytest.fixture(scope="module")
def run(site: Site) -> str:
    """The address of a run's page below MLflow's own."""
    experiment, run = site.script("cora", LOG)
    return f"/mlflow/#/experiments/{experiment}/runs/{run}"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def sessions(site: Site) -> Any:
    said = site.manage("shell", "--verbosity", "0", "-c", SESSIONS)
    return json.loads(said.partition("SESSIONS")[2])


def opened(chromium: Any, site: Site, sessions: Any, who: str) -> tuple[Any, list[str]]:
    """A page with somebody's session, and where it asked outside of the portal."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    cookie = {"name": sessions["name"], "value": sessions["of"][who], "url": site.address}
    context.add_cookies([cookie])
    page, left = context.new_page(), []
    page.set_default_timeout(PATIENT)
    here = urlsplit(site.address).netloc
    page.on("request", lambda asked: left.append(asked.url) if _leaves(asked.url, here) else None)
    return page, left


def _leaves(url: str, here: str) -> bool:
    asked = urlsplit(url)
    return asked.scheme not in {"data", "blob"} and asked.netloc != here


def test_a_member_sees_the_run_and_no_script_of_its_files(
    chromium: Any, site: Site, sessions: Any, run: str
) -> None:
    page, left = opened(chromium, site, sessions, "cora")
    page.goto(f"{site.address}{run}")
    page.get_by_role("heading", name="shown-run").wait_for()
    page.goto(f"{site.address}{run}/artifacts")
    page.get_by_text("r.html", exact=True).first.click()
    report = page.frame_locator("iframe").first
    report.get_by_role("heading", name="Report").wait_for()
    assert report.get_by_text("RAN").count() == 0
    assert left == []
    page.context.close()


def test_a_stranger_sees_nothing_of_it(chromium: Any, site: Site, sessions: Any, run: str) -> None:
    page, left = opened(chromium, site, sessions, "bob")
    with page.expect_response(lambda answer: "/mlflow/graphql" in answer.url) as refused:
        page.goto(f"{site.address}{run}?workspace={site.slug}")
    assert b"shown-run" not in refused.value.body()
    page.goto(f"{site.address}/mlflow/#/experiments")
    with page.expect_response(lambda answer: "experiments/search" in answer.url) as listed:
        page.reload()
    assert b"shown-experiment" not in listed.value.body()
    assert page.get_by_text("shown-experiment").count() == 0
    assert left == []
    page.context.close()


def test_nobody_in_particular_is_led_to_sign_in(chromium: Any, site: Site) -> None:
    page = chromium.new_context().new_page()
    page.goto(f"{site.address}/mlflow/", timeout=PATIENT)
    assert urlsplit(page.url).path == "/accounts/login/"
    page.context.close()
