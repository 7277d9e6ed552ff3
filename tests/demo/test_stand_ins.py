"""The stand-ins answer as Jira and PagerDuty do, to whoever knows the demo's secret alone."""

from __future__ import annotations

import base64
import json
from typing import Any

from apps.core.models import Job
from apps.demo.models import DeskTicket
from tests.demo.base import DemoTestCase

JIRA = "/demo/stand-in/jira/rest/api/3/"
PAGER = "/demo/stand-in/pagerduty/api/"
BASIC = "Basic " + base64.b64encode(b"demo@signalbox.invalid:desk-secret").decode()


class StandInTests(DemoTestCase):
    def jira(self, method: str, path: str, body: Any = None, auth: str = BASIC) -> Any:
        return self.client.generic(
            method, JIRA + path, json.dumps(body) if body else "",
            content_type="application/json", headers={"Authorization": auth},
        )  # fmt: skip

    def test_an_issue_is_opened_found_moved_and_commented(self) -> None:
        fields = {"summary": "Drift", "labels": ["signalbox-1-1"], "project": {"key": "ML"}}
        made = self.jira("POST", "issue", {"fields": fields})
        self.assertEqual((made.status_code, made.json()["key"]), (201, "ML-1"))
        self.assertEqual(made.headers["X-Stand-In"], "demo")
        found = self.jira("GET", 'search/jql?jql=project = "ML" AND labels = "signalbox-1-1"')
        self.assertEqual([issue["key"] for issue in found.json()["issues"]], ["ML-1"])
        moved = self.jira("POST", "issue/ML-1/transitions", {"transition": {"id": "31"}})
        self.assertEqual(moved.status_code, 204)
        issue = self.jira("GET", "issue/ML-1").json()
        self.assertEqual(issue["fields"]["status"]["statusCategory"]["key"], "done")
        self.jira("POST", "issue/ML-1/comment", {"body": "hello"})
        self.assertEqual(self.jira("GET", "issue/ML-1/comment").json()["total"], 1)

    def test_nobody_gets_in_without_the_secret(self) -> None:
        wrong = "Basic " + base64.b64encode(b"demo:guess").decode()
        for auth in ("", wrong, "Basic !", "Bearer desk-secret"):
            self.assertEqual(self.jira("GET", "myself", auth=auth).status_code, 401, auth)
        body = {"routing_key": "guess", "dedup_key": "k", "event_action": "trigger"}
        answer = self.client.post(f"{PAGER}v2/enqueue", body, content_type="application/json")
        self.assertEqual(answer.status_code, 400)
        self.assertFalse(DeskTicket.objects.exists())

    def test_the_same_key_is_one_page(self) -> None:
        for action in ("trigger", "trigger", "acknowledge", "resolve"):
            body = {
                "routing_key": "desk-secret", "dedup_key": "k", "event_action": action,
                "payload": {"summary": "Drift"},
            }  # fmt: skip
            answer = self.client.post(f"{PAGER}v2/enqueue", body, content_type="application/json")
            self.assertEqual(answer.status_code, 202)
        self.assertEqual(DeskTicket.objects.get().status, "resolved")

    def test_a_move_on_the_page_tells_the_portal(self) -> None:
        ticket = DeskTicket.objects.create(
            desk="jira", key="ML-9", correlation="c", title="Drift", status="To Do"
        )
        self.client.force_login(self.rita)
        page = self.client.get(ticket.get_absolute_url())
        self.assertContains(page, "not the real system")
        self.client.post(f"{ticket.get_absolute_url()}/move/", {"status": "Done"})
        ticket.refresh_from_db()
        self.assertEqual(ticket.status, "Done")
        self.assertEqual(Job.objects.get(kind="demo.tell_portal").args, {"ticket_id": ticket.pk})
        self.client.force_login(self.carol)
        refused = self.client.post(f"{ticket.get_absolute_url()}/move/", {"status": "To Do"})
        self.assertEqual(refused.status_code, 403)
