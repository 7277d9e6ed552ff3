"""The REST shapes of Jira and of PagerDuty, as far as the portal's connectors use them.

Every answer carries `X-Stand-In`, so that nobody takes it for the real thing.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from apps.demo import calls
from apps.demo.models import DeskTicket
from apps.demo.services import desk

Desk = DeskTicket.Desk
Answer = tuple[int, Any]
CATEGORIES = {"To Do": "new", "In Progress": "indeterminate", "Done": "done"}
STEPS = {"11": "To Do", "21": "In Progress", "31": "Done"}
ACTIONS = {"acknowledge": "acknowledged", "resolve": "resolved"}
NOT_FOUND: Answer = (404, {"errorMessages": ["The stand-in knows no such address or record."]})


def signed_in(header: str) -> bool:
    """Whether an `Authorization` header holds the demo's secret, in either system's way."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "token":
        return desk.is_known(rest.removeprefix("token="))
    try:
        return desk.is_known(base64.b64decode(rest).decode().partition(":")[2])
    except (binascii.Error, UnicodeDecodeError):
        return False


def jira(method: str, path: str, query: Mapping[str, str], sent: Mapping[str, Any]) -> Answer:
    """Answer as Jira's REST API version 3."""
    match method, path.split("/"):
        case "GET", ["myself"]:
            return 200, {"accountId": "demo", "displayName": "The stand-in"}
        case "GET", ["issue", "createmeta", "ML", "issuetypes"]:
            return 200, {"issueTypes": [{"id": "1", "name": "Task"}]}
        case "GET", ["search", "jql"]:
            return 200, {"issues": _found(query.get("jql", ""))}
        case "POST", ["issue"]:
            return _open_issue(sent.get("fields", {}))
        case _, ["issue", key, *rest]:
            issue = DeskTicket.objects.filter(desk=Desk.JIRA, key=key).first()
            return _about(method, issue, "/".join(rest), sent) if issue else NOT_FOUND
    return NOT_FOUND


def _found(question: str) -> list[dict[str, Any]]:
    label = re.search(r'labels = "([^"]+)"', question)
    rows = DeskTicket.objects.filter(desk=Desk.JIRA, correlation=label[1]) if label else []
    return [_issue(row) for row in rows]


def _open_issue(fields: Mapping[str, Any]) -> Answer:
    labels = list(fields.get("labels", []))
    if not labels:
        return 400, {"errors": {"labels": "The stand-in files nothing without a label."}}
    title = str(fields.get("summary", ""))
    row = desk.open_ticket(desk=Desk.JIRA, correlation=labels[0], title=title, fields=dict(fields))
    return 201, {"id": str(row.pk), "key": row.key, "self": row.get_absolute_url()}


def _about(method: str, issue: DeskTicket, rest: str, sent: Mapping[str, Any]) -> Answer:
    match method, rest:
        case "GET", "":
            return 200, _issue(issue)
        case "PUT", "":
            desk.set_fields(ticket=issue, fields=dict(sent.get("fields", {})))
            return 204, None
        case "PUT", "assignee":
            desk.set_fields(ticket=issue, fields={"assignee": dict(sent)})
            return 204, None
        case "POST", "remotelink":
            links = [*issue.fields.get("links", []), dict(sent)]
            desk.set_fields(ticket=issue, fields={"links": links[-20:]})
            return 201, {"id": 10_000}
    return _talk(method, issue, rest, sent)


def _talk(method: str, issue: DeskTicket, rest: str, sent: Mapping[str, Any]) -> Answer:
    match method, rest:
        case "GET", "transitions":
            return 200, {"transitions": [_step(*each) for each in STEPS.items()]}
        case "POST", "transitions":
            status = STEPS.get(str(sent.get("transition", {}).get("id")))
            if status is None:
                return 400, {"errorMessages": ["No such transition."]}
            desk.set_status(ticket=issue, status=status)
            return 204, None
        case "POST", "comment":
            return 201, _comment(
                desk.remark(ticket=issue, body=sent.get("body"), author="Signalbox")
            )
        case "GET", "comment":
            said = [_comment(each) for each in issue.remarks]
            return 200, {"comments": said, "total": len(said)}
    return NOT_FOUND


def attach(key: str, name: str) -> Answer:
    """Note that a file was handed in; the stand-in keeps its name alone."""
    issue = DeskTicket.objects.filter(desk=Desk.JIRA, key=key).first()
    if issue is None:
        return NOT_FOUND
    files = [*issue.fields.get("attachment", []), {"filename": name[:200]}]
    desk.set_fields(ticket=issue, fields={"attachment": files[-50:]})
    return 200, files


def _issue(row: DeskTicket) -> dict[str, Any]:
    status = {"name": row.status, "statusCategory": {"key": CATEGORIES[row.status]}}
    told = {"priority": None, "assignee": None, "attachment": [], **row.fields}
    more = {"summary": row.title, "status": status, "updated": _time(row)}
    return {"id": str(row.pk), "key": row.key, "fields": {**told, **more}}


def _comment(said: Mapping[str, Any]) -> dict[str, Any]:
    author = {"displayName": said["author"]}
    return {"id": said["id"], "body": said["body"], "author": author, "created": said["at"]}


def _step(number: str, name: str) -> dict[str, Any]:
    to = {"name": name, "statusCategory": {"key": CATEGORIES[name]}}
    return {"id": number, "name": name, "to": to}


def pagerduty(method: str, path: str, query: Mapping[str, str], sent: Mapping[str, Any]) -> Answer:
    """Answer as PagerDuty's Events API version 2 and REST API."""
    match method, path.split("/"):
        case "POST", ["v2", "enqueue"]:
            return _event(sent)
        case "GET", ["abilities"]:
            return 200, {"abilities": ["teams"]}
        case "GET", ["oncalls"]:
            who = {"user": {"summary": "Rosa Reed"}, "schedule": {"summary": "Demo, primary"}}
            return 200, {"oncalls": [who]}
        case "GET", ["incidents"]:
            rows = DeskTicket.objects.filter(
                desk=Desk.PAGERDUTY, correlation=query.get("incident_key", "")
            )
            return 200, {"incidents": [_page(row) for row in rows[:1]]}
        case _, ["incidents", key, "notes"]:
            return _notes(method, key, sent)
    return NOT_FOUND


def _event(sent: Mapping[str, Any]) -> Answer:
    """The same deduplication key is the same page, as long as that is not resolved."""
    key, action = str(sent.get("dedup_key", "")), str(sent.get("event_action", ""))
    if not desk.is_known(str(sent.get("routing_key", ""))) or not key:
        return 400, {"status": "invalid event", "message": "Event object is invalid"}
    rows = DeskTicket.objects.filter(desk=Desk.PAGERDUTY, correlation=key)
    row = rows.exclude(status="resolved").first()
    if action == "trigger" and row is None:
        payload = sent.get("payload", {})
        desk.open_ticket(
            desk=Desk.PAGERDUTY, correlation=key, title=str(payload.get("summary", "")),
            fields={"payload": payload, "url": str(sent.get("client_url", ""))},
        )  # fmt: skip
    elif row is not None and action in ACTIONS:
        desk.set_status(ticket=row, status=ACTIONS[action])
    return 202, {"status": "success", "message": "Event processed", "dedup_key": key}


def _notes(method: str, key: str, sent: Mapping[str, Any]) -> Answer:
    row = DeskTicket.objects.filter(desk=Desk.PAGERDUTY, key=key).first()
    if row is None:
        return NOT_FOUND
    if method == "POST":
        text = str(sent.get("note", {}).get("content", ""))
        return 201, {"note": _remark(desk.remark(ticket=row, body=text, author="Signalbox"))}
    return 200, {"notes": [_remark(each) for each in row.remarks]}


def _remark(said: Mapping[str, Any]) -> dict[str, Any]:
    user = {"summary": said["author"]}
    return {"id": said["id"], "content": said["body"], "user": user, "created_at": said["at"]}


def _page(row: DeskTicket) -> dict[str, Any]:
    return {
        "id": row.key,
        "incident_key": row.correlation,
        "title": row.title,
        "status": row.status,
        "html_url": f"{calls.own_address()}{row.get_absolute_url()}",
        "created_at": row.created_at.isoformat(),
        "last_status_change_at": row.updated_at.isoformat(),
    }


def _time(row: DeskTicket) -> str:
    return row.updated_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
