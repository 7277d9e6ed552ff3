"""ServiceNow, Opsgenie, Splunk On-Call and Jira against their published documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from apps.core.errors import Conflict
from apps.integrations.connectors.jira import Jira
from apps.integrations.connectors.opsgenie import Opsgenie
from apps.integrations.connectors.servicenow import ServiceNow
from apps.integrations.connectors.splunk_oncall import SplunkOnCall
from apps.integrations.documents import document as adf
from apps.integrations.ports import Alarm, File, Phase, TicketChange, TicketDraft
from tests.core.loopback import loopback
from tests.integrations.connectors.desk import Desk, at_hand
from tests.thread.jira import Jira as JiraStand

KEY, URL = "signalbox-7-3", "https://portal.example.org/incidents/7/"
SECRET = "a-webhook-secret"
DRAFT = TicketDraft("Income drifts", "- income moved", KEY, ("signalbox",), URL, "2")
ALARM = Alarm(KEY, "Income drifts", "- income moved", "high", URL)


@pytest.fixture
def desk(request: Any, settings: Any) -> Iterator[Any]:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    if not at_hand(request.param):
        pytest.skip("the vendor's document is not at hand (VENDOR_SPECS)")
    stand: Any = Desk(request.param)
    with loopback(stand) as server:
        stand.url = server.url
        yield stand
    assert stand.faults == []


def servicenow(url: str, **more: Any) -> ServiceNow:
    given = {"instance": url, "username": "bot", "password": "p4ss", "secret": SECRET}
    return ServiceNow({**given, **more})


ROW = {
    "sys_id": "9d385017c611228701d22104cc95c371", "number": "INC0010001", "state": "2", "priority": "2",
    "short_description": "Income drifts", "assigned_to": {"link": "https://x", "value": "a1"},
    "sys_updated_on": "2026-11-01 20:00:00", "correlation_id": KEY,
}  # fmt: skip
TABLE = "/api/now/table/incident"


@pytest.mark.parametrize("desk", ["servicenow"], indirect=True)
def test_servicenow_files_reads_and_changes_a_record(desk: Any) -> None:
    snow = servicenow(desk.url)
    one = f"{TABLE}/{ROW['sys_id']}"
    desk.on("GET", TABLE, {"result": [ROW]})
    desk.on("POST", TABLE, {"result": ROW}, 201)
    desk.on("GET", one, {"result": ROW})
    desk.on("PATCH", one, {"result": ROW})
    journal = {
        "sys_id": "j1", "value": "Seen.", "sys_created_by": "pat", "sys_created_on": "2026-11-01 20:01:00",
    }  # fmt: skip
    desk.on("GET", "/api/now/table/sys_journal_field", {"result": [journal]})
    desk.on("GET", "/api/now/attachment", {"result": [{"file_name": "evidence-7-a.md"}]})
    desk.on("POST", "/api/now/attachment/file", {"result": {"sys_id": "f1"}}, 201)

    assert snow.find_ticket(KEY) is not None
    assert snow.open_ticket(DRAFT).label == "INC0010001"
    sent = next(body for method, path, body in desk.asked if (method, path) == ("POST", TABLE))
    assert (sent["correlation_id"], sent["impact"], sent["urgency"]) == (KEY, "1", "2")
    seen = snow.read_ticket(ROW["sys_id"])
    assert (seen.phase, seen.priority, seen.assignee) == (Phase.WORKING, "2", "a1")
    assert (seen.comments[0].text, seen.files) == ("Seen.", ("evidence-7-a.md",))
    change = TicketChange(Phase.DONE, priority="1", assignee="a2", reason="Rolled back.")
    snow.change_ticket(seen, change)
    assert desk.asked[-1][2] == {
        "impact": "1", "urgency": "1", "assigned_to": "a2", "state": "6",
        "close_code": "Solution provided", "close_notes": "Rolled back.",
    }  # fmt: skip
    snow.comment(ROW["sys_id"], "Noted.")
    snow.attach(ROW["sys_id"], File("evidence-7-b.md", "text/markdown", b"# Evidence"))
    assert "may read the table incident" in snow.check()


@pytest.mark.parametrize("desk", ["servicenow"], indirect=True)
def test_servicenow_says_whether_a_change_is_approved(desk: Any) -> None:
    snow = servicenow(desk.url)
    path = "/api/now/table/change_request"
    desk.on("GET", path, {"result": []})
    assert snow.find_change(KEY) is None
    row = {"sys_id": "c1", "number": "CHG0030001", "state": "-3", "approval": "requested"}
    desk.on("POST", path, {"result": row}, 201)
    assert snow.open_change(DRAFT).approved is None
    for word, verdict in (("approved", True), ("rejected", False), ("not requested", None)):
        desk.on("GET", path, {"result": [{**row, "approval": word}]})
        found = snow.find_change(KEY)
        assert found is not None
        assert found.approved is verdict


@pytest.mark.parametrize("desk", ["opsgenie"], indirect=True)
def test_opsgenie_wakes_and_hears(desk: Any) -> None:
    pager = Opsgenie(
        {"address": desk.url, "api_key": "k3y", "schedule": "ML on call", "secret": SECRET}
    )
    taken = {"result": "Request will be processed", "took": 0.1, "requestId": "r-1"}
    row = {
        "id": "a-1", "alias": KEY, "message": "Income drifts", "status": "open", "acknowledged": True,
        "updatedAt": "2026-11-01T20:00:00.000Z",
    }  # fmt: skip
    note = {
        "note": "Seen.", "owner": "pat", "createdAt": "2026-11-01T20:01:00.000Z", "offset": "1",
    }  # fmt: skip
    desk.on("POST", "/v2/alerts", taken, 202)
    desk.on("GET", "/v2/alerts", {"data": [row]})
    desk.on("GET", "/v2/alerts/count", {"data": {"count": 3}})
    desk.on("GET", "/v2/alerts/a-1/notes", {"data": [note]})
    for verb in ("acknowledge", "close", "notes"):
        desk.on("POST", f"/v2/alerts/a-1/{verb}", taken, 202)
    on_call = {"data": {"onCallRecipients": ["tim@example.org"]}}
    desk.on("GET", "/v2/schedules/ML%20on%20call/on-calls", on_call)
    pager.trigger(ALARM)
    found = pager.find_alarm(KEY)
    assert found is not None
    assert (found.phase, found.notes[0].text) == (Phase.WORKING, "Seen.")
    pager.acknowledge(found, "")
    pager.note(found, "Rolled back.")
    pager.resolve(found, "")
    assert pager.on_call()[0].person == "tim@example.org"
    assert "3 alerts" in pager.check()


@pytest.mark.parametrize("desk", ["splunk_oncall"], indirect=True)
def test_splunk_on_call_wakes_and_hears(desk: Any) -> None:
    pager = SplunkOnCall(
        {
            "alerts": desk.url, "api": desk.url, "integration_key": "1-2-3", "route": "ml",
            "api_id": "i", "api_key": "k", "secret": SECRET,
        }
    )  # fmt: skip
    row = {
        "incidentNumber": "12", "entityId": KEY, "currentPhase": "ACKED",
        "startTime": "2026-11-01T20:00:00Z", "service": "Income drifts",
    }  # fmt: skip
    alert = "/integrations/generic/20131114/alert/1-2-3/ml"
    desk.on("POST", alert, {"result": "success", "entity_id": KEY})
    desk.on("GET", "/api-public/v1/incidents", {"incidents": [row]})
    desk.on("GET", "/api-public/v1/org/routing-keys", {"routingKeys": [{"routingKey": "ml"}]})
    shift = {"users": [{"onCalluser": {"username": "tim"}}]}
    teams = {"teamsOnCall": [{"team": {"name": "ML"}, "oncallNow": [shift]}]}
    desk.on("GET", "/api-public/v1/oncall/current", teams)
    pager.trigger(ALARM)
    found = pager.find_alarm(KEY)
    assert found is not None
    assert (found.id, found.phase) == ("12", Phase.WORKING)
    pager.acknowledge(found, "")
    pager.resolve(found, "Rolled back.")
    said = [body["message_type"] for method, _, body in desk.asked if method == "POST"]
    assert said == ["CRITICAL", "ACKNOWLEDGEMENT", "RECOVERY"]
    assert pager.on_call()[0].person == "tim"
    assert "is known" in pager.check()
    assert pager.find_alarm("another") is None


def jira(url: str, **more: Any) -> Jira:
    given = {"site": url, "email": "bot@acme.org", "api_token": "t", "project": "ML"}
    return Jira({**given, "secret": SECRET, **more})


def test_jira_files_reads_and_changes_an_issue(settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    stand = JiraStand()
    desk = jira(stand.url)
    ref = desk.open_ticket(TicketDraft("Income drifts", "- a\n- b", KEY, (), URL, "High"))
    desk.link_back(ref, DRAFT)
    assert desk.find_ticket(KEY) == ref
    stand.say("ML-1", adf("We changed\nthe feed.\n\nSorry."), "Pat")
    comment = desk.comment("ML-1", "Noted.\n\nrita in Signalbox [note 1-1]")
    seen = desk.read_ticket("ML-1")
    assert (seen.phase, seen.priority, seen.assignee) == (Phase.OPEN, "High", "")
    assert seen.comments[0].text == "We changed\nthe feed.\n\nSorry."
    assert seen.comments[1].id == comment
    desk.change_ticket(seen, TicketChange(Phase.WORKING, priority="Low", assignee="5b10"))
    desk.attach("ML-1", File("evidence-7-a.md", "text/markdown", b"# Evidence"))
    seen = desk.read_ticket("ML-1")
    assert (seen.phase, seen.priority, seen.assignee) == (Phase.WORKING, "Low", "5b10")
    assert seen.files == ("evidence-7-a.md",)
    with pytest.raises(Conflict, match="In Review"):
        desk.change_ticket(seen, TicketChange(Phase.DONE, status="In Review"))
    assert list(stand.issues["ML-1"]["links"]) == [f"system=signalbox&id={KEY}"]
    assert stand.faults == []
    stand.close()


@pytest.mark.parametrize("desk", ["jsm"], indirect=True)
def test_jira_asks_a_service_desk(desk: Any) -> None:
    made = {"issueId": "1", "issueKey": "ML-1"}
    desk.on("POST", "/rest/servicedeskapi/request", made, 201)
    asking = jira(desk.url, service_desk="4", request_type="9")
    assert asking.open_ticket(DRAFT).key == "ML-1"
    assert KEY in desk.asked[0][2]["requestFieldValues"]["description"]


def test_data_center_has_plain_text_and_its_own_token(settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    heard: list[Any] = []

    def script(_: Any, asked: Any) -> bytes:
        heard.append(asked)
        body = b'{"id": "7", "issues": [{"key": "ML-1"}]}'
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    with loopback(script) as server:
        desk = jira(server.url, kind="data_center", email="")
        assert desk.find_ticket(KEY) is not None
        assert desk.comment("ML-1", "plain") == "7"
    assert heard[0].target.startswith("/rest/api/2/search?")
    assert heard[0].headers["authorization"] == "Bearer t"
    assert json.loads(heard[1].body) == {"body": "plain"}
