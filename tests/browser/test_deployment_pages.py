"""The pages of deployments, in a browser: what they look like, and a version that goes live by them alone."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from apps.deployments import logs, services
from apps.deployments.configs import Config, Limits, Strategy
from apps.deployments.models import (
    Configuration,
    Deployment,
    Judgement,
    Mismatch,
    Release,
    Replica,
    Tally,
)
from apps.deployments.tallies import EDGES
from apps.models.models import ModelVersion, RegisteredModel
from apps.projects.services import create_project

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
PICTURES = os.environ.get("SCREENSHOTS", "")  # a folder for a picture of each page
LONG = "churn-propensity-gradient-boosted-trees-emea-enterprise-v2"


@pytest.fixture
def model(ada):
    project = create_project(name="Fraud detection for the whole of Europe", slug="fraud", by=ada)
    model = RegisteredModel.objects.create(project=project, name=f"{LONG}-weekly-recalibrated")
    for number in (1, 2):
        ModelVersion.objects.create(project=project, model=model, number=number)
    return model


@pytest.fixture
def busy(ada, model, settings, tmp_path):
    """A long named deployment with a canary under way, counts, a mismatch, configurations and a log."""
    settings.DATA_DIR = tmp_path
    row = place(model, LONG, ada)
    go(row, 1, ada)
    config = Config(limits=Limits(memory_mb=512), strategy=Strategy(kind="canary"))
    services.configure(deployment=row, config=config, based_on=0, by=ada, note="Room for peaks")
    services.scale(deployment=row, replicas=3, by=ada)
    made = services.request_release(
        deployment=row, version=version(row, 2), by=ada, reason="Better on every slice"
    )
    now = timezone.now()
    Release.objects.filter(pk=made.pk).update(
        state="moving", step=1, share=25, step_since=now - timedelta(seconds=40)
    )
    Release.objects.filter(number=1).update(live_at=now - timedelta(minutes=50))
    for at, verdict, words in ((1, "wait", "40 of 100 requests in this step."), (2, "go_on", "")):
        Judgement.objects.create(
            release=made,
            step=0,
            verdict=verdict,
            reason=words or "Nothing speaks against it.",
            figures={
                "topics": [{"topic": "failures", "words": "0.4 % against 0.5 %"}],
                "requests": {"new": 180 * at, "live": 4200 * at},
            },
            at=now - timedelta(minutes=9 - at),
        )
    Mismatch.objects.create(deployment=row, kind="scale", wanted="3 replicas", found="5 replicas")
    count(row, now)
    write_log(row)
    return row


def place(model, slug, by):
    return services.create_deployment(
        environment=model.project.environments.get(name="staging"), model=model, slug=slug, by=by
    )


def version(row, number):
    return row.model.versions.get(number=number)


def go(row, number, by):
    made = services.request_release(deployment=row, version=version(row, number), by=by)
    run(made)
    services.go_live(made.pk)


def run(made):
    """Do what the runner would."""
    first = services.start_replicas(made)
    for replica in Replica.objects.filter(release=first.release):
        services.note_replica(replica.pk, state=Replica.State.READY, port=1, pid=1)


def count(row, now):
    """What a gateway would have told of the last fifty minutes."""
    for release in row.releases.all():
        for minutes in range(50 if release.number == 1 else 8):
            seconds = [0] * (len(EDGES) + 1)
            seconds[14 + (minutes * 7 + release.number) % 5] = 90
            seconds[22 + minutes % 3] = 10
            Tally.objects.create(
                release=release,
                gateway="one",
                at=now - timedelta(minutes=minutes, seconds=30),
                requests=100,
                failures=minutes * 13 % 4,
                seconds=seconds,
            )


def write_log(row):
    replica = Replica.objects.filter(release__deployment=row).earliest("pk")
    file = logs.path(replica.pk)
    file.parent.mkdir(parents=True)
    told = "".join(f"2026-11-27 04:00:{at:02} scored 12 rows in 3.{at} ms\n" for at in range(60))
    file.write_text(f"{told}token=sbx_abcd1234_s3cr3tOfSomebody\n")


def addresses(row):
    page = row.get_absolute_url()
    replica = Replica.objects.filter(release__deployment=row).earliest("pk")
    return {
        "list": "/deployments/",
        "overview": page,
        "charts": f"{page}charts/?hours=1",
        "configuration": f"{page}configuration/",
        "difference": f"{page}configuration/difference/?a=0&b=2",
        "release": f"{page}release/",
        "attempt": f"{page}releases/2/",
        "attempt-over": f"{page}releases/1/",
        "log": f"{page}replicas/{replica.pk}/log/",
        "retire": f"{page}retire/",
    }


def settle(shown):
    """Wait until the charts have come: a page that is left meanwhile cuts them off, and says so."""
    shown.locator("#page .skeleton").first.wait_for(state="detached")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_they_are_accessible_and_fit(page, sign_in, ada, busy, assert_accessible, theme, width):
    shown = sign_in(page(theme=theme, width=width), ada)
    for name, address in addresses(busy).items():
        shown.open(address)
        settle(shown)
        picture(shown, f"{name}-{theme}-{width}")
        assert_accessible(shown)
        assert shown.evaluate("document.documentElement.scrollWidth") <= width, address


@pytest.mark.parametrize(("theme", "width"), [("dark", 1440), ("light", 390)])
def test_empty_and_retired_ones_are_drawn(
    page, sign_in, ada, model, assert_accessible, theme, width
):
    empty = place(model, "churn-empty", ada)
    gone = place(model, "churn-gone", ada)
    services.retire_deployment(deployment=gone, reason="Nobody calls it any more.", by=ada)
    shown = sign_in(page(theme=theme, width=width), ada)
    pages = {
        "empty": empty.get_absolute_url(),
        "empty-configuration": f"{empty.get_absolute_url()}configuration/",
        "empty-release": f"{empty.get_absolute_url()}release/",
        "retired": gone.get_absolute_url(),
        "home": "/",
    }
    for name, address in pages.items():
        shown.open(address)
        settle(shown)
        picture(shown, f"{name}-{theme}-{width}")
        assert_accessible(shown)
        assert shown.evaluate("document.documentElement.scrollWidth") <= width, address


def again(shown):
    """Load the page anew: no WebSocket tells it in these tests."""
    shown.reload()
    settle(shown)


def picture(shown, name):
    if PICTURES:
        shown.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def test_a_version_goes_live_by_the_pages_alone(page, sign_in, ada, model):
    go(place(model, "churn-old", ada), 1, ada)
    shown = sign_in(page(), ada).open("/deployments/new/")
    shown.get_by_label("Environment").select_option(label=f"{model.project.name}: staging")
    shown.get_by_label("Name").fill("churn-eu")
    shown.get_by_role("button", name="Make the deployment").click()
    shown.get_by_role("heading", name="churn-eu").wait_for()
    settle(shown)
    row = Deployment.objects.get(slug="churn-eu")
    go(row, 1, ada)

    again(shown)
    shown.get_by_role("link", name="Release a version").click()
    shown.get_by_label("How the traffic moves").select_option("canary")
    shown.get_by_text("Steps and time, where not as configured").click()
    shown.get_by_label("Steps").fill("7, 40")
    shown.get_by_label("Steps").blur()
    shown.locator("#plan").get_by_text("7 %").wait_for()
    shown.get_by_text("To undo it").wait_for()
    shown.get_by_role("button", name="Start the release").click()
    shown.get_by_role("heading", name="Release under way").wait_for()
    settle(shown)

    made = row.releases.get(number=2)
    run(made)
    Release.objects.filter(pk=made.pk).update(state="moving", share=7, step_since=timezone.now())
    again(shown)
    shown.get_by_text("1 of 3").wait_for()
    shown.get_by_role("link", name="Promote now").click()
    shown.get_by_role("button", name="Promote", exact=True).click()
    shown.get_by_text("takes all the traffic at its next look").wait_for()
    settle(shown)
    made.refresh_from_db()
    assert (made.wish, made.wished_by) == ("promote", ada)
    services.go_live(made.pk)
    again(shown)
    shown.locator("#deployment-state").get_by_text("as release 2").wait_for()


def test_what_changes_is_fetched_again_and_the_charts_stay(page, sign_in, ada, busy):
    shown = sign_in(page(), ada).open(busy.get_absolute_url())
    settle(shown)
    shown.evaluate("document.querySelector('#deployment-charts').dataset.same = 'yes'")
    Release.objects.filter(number=2).update(share=50, step=2)
    shown.evaluate("htmx.trigger('#deployment-state', 'live')")
    shown.get_by_text("3 of 4").wait_for()
    assert shown.locator("#deployment-charts[data-same] .chart").count() == 3
    shown.get_by_role("link", name="Abort").click()
    shown.get_by_role("heading", name="Abort this release?").wait_for()


def test_the_keyboard_alone_scales_configures_and_retires(page, sign_in, ada, busy):
    Release.objects.filter(number=2).update(state="aborted")
    shown = sign_in(page(), ada).open(busy.get_absolute_url())
    settle(shown)
    press(shown, "button", "Scale")
    shown.get_by_role("spinbutton", name="Model servers", exact=True).press("Control+a")
    shown.keyboard.type("4")
    shown.keyboard.press("Enter")
    shown.get_by_text("It becomes 4 model servers").wait_for()
    settle(shown)
    assert Configuration.objects.latest("pk").body["replicas"] == 4

    press(shown, "link", "Configuration")
    shown.get_by_label("Memory").press("Control+a")
    shown.keyboard.type("1024")
    shown.keyboard.press("Enter")
    shown.get_by_text("Configuration 4 is in force").wait_for()

    press(shown, "link", "Overview")
    shown.get_by_role("heading", name="Live").wait_for()
    settle(shown)
    press(shown, "link", "Retire this deployment")
    shown.get_by_label("Reason").focus()
    shown.keyboard.type("nobody calls it")
    shown.keyboard.press("Tab")
    shown.keyboard.type(busy.slug)
    shown.keyboard.press("Enter")
    shown.get_by_text("This deployment is retired").wait_for()
    settle(shown)
    busy.refresh_from_db()
    assert busy.is_retired


def press(shown, role, name):
    """Go there by the keyboard."""
    shown.get_by_role(role, name=name, exact=True).focus()
    shown.keyboard.press("Enter")


def test_a_log_is_followed(page, sign_in, ada, busy):
    address = addresses(busy)["log"]
    shown = sign_in(page(), ada).open(address)
    shown.get_by_text("scored 12 rows in 3.59 ms").wait_for()
    replica = Replica.objects.filter(release__deployment=busy).earliest("pk")
    with logs.path(replica.pk).open("a") as file:
        file.write("and another line\n")
    shown.get_by_text("and another line").wait_for()
    assert "s3cr3tOfSomebody" not in shown.content()
