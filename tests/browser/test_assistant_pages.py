"""The assistant in a browser: asking beside any page, following sources, deciding, and losing the connection."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client, override_settings

from apps.assistant.models import Exchange, Proposal, Provider
from apps.assistant.planner import Question
from apps.assistant.proposals import services as proposals
from apps.assistant.talks import services as talks
from apps.docs import services as docs
from apps.docs.search import store
from apps.incidents import services as incidents
from apps.incidents.models import Incident
from apps.projects.services import create_project
from tests import server
from tests.assistant.ollama import Ollama, Script
from tests.base import Cast
from tests.browser.conftest import PATIENT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
BODY = "# Scores\n\n## Odd scores\n\nRoll back to mend odd scores."
HOW = "How do I mend odd scores?"


@pytest.fixture(autouse=True)
def fresh_index():
    """The triggers by which the search follows its table are off here, as the ledger's are."""
    store._indexes.clear()


@pytest.fixture
def fraud(ada, settings):
    settings.OLLAMA_HOST = ""
    return create_project(name="Fraud detection for the whole of Europe", slug="fraud", by=ada)


@pytest.fixture
def runbook(fraud, ada):
    return docs.write(project=fraud, kind="runbook", body=BODY, by=ada)


@pytest.fixture
def incident(fraud, runbook, ada):
    row = incidents.open_by_hand(project=fraud, title="Odd scores", severity="high", by=ada)
    incidents.keep_evidence(row)
    return row


@pytest.mark.django_db(transaction=True)
def test_it_is_asked_beside_three_pages_and_its_sources_are_followed(
    page, sign_in, ada, incident, runbook
):
    shown = sign_in(page(), ada)
    for path in (incident.get_absolute_url(), runbook.get_absolute_url(), "/models/"):
        shown.open(path)
        shown.locator("[data-panel-open=assistant]").click()
        panel = shown.locator("#assistant")
        panel.locator("textarea").fill(HOW)
        panel.get_by_role("button", name="Ask", exact=True).click()
        panel.locator(".prose p", has_text="Roll back to mend odd scores.").first.wait_for()
        # The preview of a source opens by keyboard too.
        cite = panel.locator(f".cite[href='{runbook.get_absolute_url()}#odd-scores']").first
        cite.focus()
        panel.locator(".cite-preview:visible").wait_for()
        cite.press("Enter")
        shown.wait_for_url(f"**{runbook.get_absolute_url()}#odd-scores")
    assert Exchange.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_explain_needs_no_model(page, sign_in, ada, incident):
    shown = sign_in(page(), ada).open(incident.get_absolute_url())
    shown.get_by_role("button", name="Explain").click()
    shown.wait_for_url("**/assistant/talks/**")
    shown.get_by_text("Worded by the portal itself").wait_for()
    assert Exchange.objects.get().page == {"kind": "incident", "id": str(incident.pk)}


@pytest.mark.django_db(transaction=True)
def test_it_answers_without_javascript(page, sign_in, ada, runbook):
    shown = sign_in(page(scripts=False), ada).open("/assistant/")
    shown.locator("#page textarea").fill(HOW)
    shown.locator("#page").get_by_role("button", name="Ask", exact=True).click()
    shown.locator(".prose p", has_text="Roll back to mend odd scores.").first.wait_for()


@pytest.mark.django_db(transaction=True)
def test_proposals_are_approved_and_refused(page, sign_in, ada, fraud):
    shown = sign_in(page(), ada).open("/assistant/")
    for title, button in (("Slow answers", "Approve"), ("Odd colours", "Refuse")):
        shown.open("/assistant/")
        shown.locator("#page textarea").fill(f"Open an incident about {title}.")
        shown.locator("#page select[name=project]").select_option("fraud")
        shown.locator("#page").get_by_role("button", name="Ask", exact=True).click()
        shown.get_by_role("link", name=f"Open an incident: {title}").click()
        shown.get_by_role("button", name=button, exact=True).first.click()
        if button == "Approve":
            shown.get_by_role("dialog").get_by_role("button", name="Approve").click()
            shown.get_by_text("Incident 1 is open.").first.wait_for()
        else:
            shown.get_by_text("refused", exact=False).first.wait_for()
    assert [row.title for row in Incident.objects.all()] == ["Slow answers"]
    assert sorted(Proposal.objects.values_list("state", flat=True)) == ["done", "refused"]


@pytest.mark.django_db(transaction=True)
def test_every_page_fits_and_is_accessible(assert_fit, ada, fraud, runbook, incident):
    ada.is_superuser = True
    ada.save()
    row = talks.ask(question=Question(ada, HOW, "fraud"), by=ada, project_id=fraud.pk)
    talks.rate(exchange=row, feedback="wrong", words="Names no version.")
    stopped = talks.ask(question=Question(ada, HOW, "fraud"), by=ada, project_id=fraud.pk)
    Exchange.objects.filter(pk=stopped.pk).update(state="stopped", note="Stopped on request.")
    failed = talks.ask(question=Question(ada, HOW, "fraud"), by=ada, project_id=fraud.pk)
    Exchange.objects.filter(pk=failed.pk).update(state="failed", note="The work ended early.")
    under_way = talks.ask(question=Question(ada, HOW, "fraud"), by=ada, project_id=fraud.pk)
    Exchange.objects.filter(pk=under_way.pk).update(state="running", ended_at=None, sentences=[])
    given = {"document_id": runbook.pk, "body": BODY.replace("mend", "repair")}
    proposal = proposals.propose(service="edit_runbook", given=given, by=ada, exchange=row)
    ollama = Ollama()
    try:
        with override_settings(HTTP_ALLOW=(ollama.host,)):
            provider = Provider.objects.create(
                project=fraud,
                name="The big one",
                kind="ollama",
                base_url=ollama.url,
                model="llama3.1",
            )
            places = [
                "/assistant/", "/assistant/?q=nothing", row.conversation.get_absolute_url(), row.get_absolute_url(),
                stopped.get_absolute_url(), failed.get_absolute_url(), under_way.get_absolute_url(),
                "/assistant/proposals/", proposal.get_absolute_url(), "/assistant/providers/",
                "/assistant/providers/new/", provider.get_absolute_url(), f"{provider.get_absolute_url()}edit/",
                "/assistant/terms/fraud/",
            ]  # fmt: skip
            assert_fit(places, ada)
    finally:
        ollama.close()


# A connection that breaks, in front of the portal's own server.


@pytest.fixture
def ollama():
    server = Ollama(Script(words=lambda body: "Roll back to mend odd scores [1]."))
    yield server
    server.close()


@pytest.fixture
def portal(transactional_db, ollama):
    with server.running(OLLAMA_HOST=ollama.url) as address:
        yield address


def in_worker(act):
    """Do what a worker does in a thread of its own: the browser's loop runs in this one."""

    def alone():
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(alone).result()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_loses_nothing(chromium, portal, ollama, settings):
    settings.OLLAMA_HOST = ollama.url
    Cast.enter()
    docs.write(project=Cast.fraud, kind="runbook", body=BODY, by=Cast.ada)
    client = Client()
    client.force_login(Cast.ada)
    name = settings.SESSION_COOKIE_NAME
    context = chromium.new_context()
    context.set_default_timeout(PATIENT)
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": portal}])
    tab = context.new_page()
    try:
        tab.goto(f"{portal}/assistant/")
        tab.locator("#page textarea").fill(HOW)
        tab.locator("#page").get_by_role("button", name="Ask", exact=True).click()
        tab.get_by_text("It goes on when you leave this page.").wait_for()
        context.set_offline(True)
        in_worker(lambda: talks.answer(exchange_id=Exchange.objects.get().pk))
        assert tab.get_by_text("Worded by llama3.1").count() == 0
        context.set_offline(False)
        tab.get_by_text("Worded by llama3.1").wait_for()
        tab.locator(".prose p", has_text="Roll back to mend odd scores.").first.wait_for()
        tab.locator("[aria-busy=true]").first.wait_for(state="detached")
    finally:
        context.close()
