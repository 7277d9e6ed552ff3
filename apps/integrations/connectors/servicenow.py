"""Files incidents or changes in ServiceNow's tables, asks for approved changes, and listens to its business rules."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field, HttpUrl, SecretStr

from apps.core.http import Http
from apps.integrations.answering import at, moment_at, reads, text_at, wanted
from apps.integrations.base import DESTINATION, GENERATED, PREVIOUS, Config, Connector
from apps.integrations.ports import (
    Change,
    File,
    Genuine,
    Incoming,
    Phase,
    RemoteComment,
    TicketChange,
    TicketDraft,
    TicketRef,
    TicketState,
)
from apps.integrations.signatures import SCHEMES, verify

LONGEST_SUMMARY = 160
PAGE, MOST_PAGES = 200, 20
TIME = "%Y-%m-%d %H:%M:%S"  # UTC, where display values are off
FIELDS = "sys_id,number,short_description,state,priority,assigned_to,sys_updated_on,correlation_id"
CHANGE_FIELDS = "sys_id,number,state,approval"
INCIDENT = {
    "1": Phase.OPEN, "2": Phase.WORKING, "3": Phase.WORKING,
    "6": Phase.DONE, "7": Phase.DONE, "8": Phase.DONE,
}  # fmt: skip
CHANGE = {
    "-5": Phase.OPEN, "-4": Phase.OPEN, "-3": Phase.OPEN, "-2": Phase.WORKING,
    "-1": Phase.WORKING, "0": Phase.WORKING, "3": Phase.DONE, "4": Phase.DONE,
}  # fmt: skip
MEANINGS = {"incident": INCIDENT, "change_request": CHANGE}
STATES = {
    "incident": {Phase.OPEN: "1", Phase.WORKING: "2", Phase.DONE: "6"},
    "change_request": {Phase.OPEN: "-5", Phase.WORKING: "-1", Phase.DONE: "3"},
}
# ServiceNow reckons the priority from these two; it does not take the priority itself.
GRADES = {"1": ("1", "1"), "2": ("1", "2"), "3": ("2", "2"), "4": ("2", "3"), "5": ("3", "3")}
VERDICTS = {"approved": True, "rejected": False}


class ServiceNowConfig(Config):
    instance: HttpUrl = Field(
        description="For example https://acme.service-now.com", json_schema_extra=DESTINATION
    )
    username: str = Field(min_length=1, max_length=100)
    password: SecretStr = Field(description="Of an account with the roles itil and rest_service.")
    table: Literal["incident", "change_request"] = Field(
        default="incident",
        description="Where tickets are filed.",
        json_schema_extra={"choices": {"incident": "Incidents", "change_request": "Changes"}},
    )
    group: str = Field(
        default="", max_length=100, description="Assignment group of new records: name or sys_id."
    )
    close_code: str = Field(
        default="Solution provided", max_length=100, description="Resolution code of incidents."
    )
    secret: SecretStr = Field(
        min_length=8,
        max_length=500,
        title="Webhook secret",
        description="Sent by the business rule in the header X-Webhook-Token. Empty: the portal makes one.",
        json_schema_extra=GENERATED,
    )
    previous_secret: SecretStr | None = Field(default=None, json_schema_extra=PREVIOUS)


class ServiceNow(Connector[ServiceNowConfig]):
    """The Table API and the Attachment API."""

    config_class = ServiceNowConfig
    settles_seconds = 45.0  # it reads what it wrote; our own time-out, and some
    takes_files = True
    priorities = {"low": "4", "medium": "3", "high": "2", "critical": "1"}

    @cached_property
    def http(self) -> Http:
        auth = (self.config.username, self.config.password.get_secret_value())
        return Http("ServiceNow", f"{self._site}/api/now", auth=auth)

    @property
    def _site(self) -> str:
        return str(self.config.instance).rstrip("/")

    @reads("ServiceNow")
    def check(self) -> str:
        query = {"sysparm_limit": 1, "sysparm_fields": "sys_id"}
        wanted("ServiceNow", self._get(f"table/{self.config.table}", query), "result", list)
        return f"Signed in; {self.config.username} may read the table {self.config.table}."

    @reads("ServiceNow")
    def find_ticket(self, correlation: str) -> TicketRef | None:
        found = self._first(self.config.table, correlation, FIELDS)
        return self._ref(found) if found else None

    @reads("ServiceNow")
    def open_ticket(self, draft: TicketDraft) -> TicketRef:
        sent = self._new(draft)
        if draft.priority in GRADES:
            sent |= _grade(draft.priority)
        return self._ref(self._made(self.config.table, sent))

    def link_back(self, ref: TicketRef, draft: TicketDraft) -> None:
        """The description has had the address from the start."""

    @reads("ServiceNow")
    def read_ticket(self, key: str) -> TicketState:
        query = {
            "sysparm_fields": FIELDS,
            "sysparm_exclude_reference_link": "true",
            "sysparm_display_value": "false",
        }
        row = wanted("ServiceNow", self._get(self._path(key), query), "result", dict)
        state = text_at("ServiceNow", row, "state")
        return TicketState(
            ref=self._ref(row),
            title=str(row.get("short_description", "")),
            status=state,
            phase=MEANINGS[self.config.table].get(state, Phase.OPEN),
            updated_at=moment_at("ServiceNow", row, "sys_updated_on", form=TIME),
            priority=str(row.get("priority") or ""),
            assignee=_value(row.get("assigned_to")),
            comments=tuple(self._journal(key)),
            files=tuple(self._files(key)),
        )

    @reads("ServiceNow")
    def change_ticket(self, seen: TicketState, change: TicketChange) -> None:
        sent: dict[str, Any] = {}
        if change.priority is not None:
            sent |= _grade(change.priority)
        if change.assignee is not None:
            sent["assigned_to"] = change.assignee
        if change.phase is not None and change.phase != seen.phase:
            sent["state"] = change.status or STATES[self.config.table][change.phase]
            if change.phase == Phase.DONE:
                sent |= {"close_code": self.config.close_code, "close_notes": change.reason}
        if sent:
            self._patch(seen.ref.key, sent)

    @reads("ServiceNow")
    def comment(self, key: str, text: str) -> str:
        # The answer does not name the journal's entry; it is known by its words.
        self._patch(key, {"work_notes": text})
        return ""

    @reads("ServiceNow")
    def attach(self, key: str, file: File) -> None:
        query = {
            "table_name": self.config.table,
            "table_sys_id": key,
            "file_name": file.name,
        }
        headers = {"content-type": file.content_type}
        path = "attachment/file"
        self.http.request("POST", path, params=query, content=file.content, headers=headers)

    def keys_in(self, body: Any) -> tuple[str, ...]:
        names = (at(body, name) for name in ("sys_id", "number", "correlation_id"))
        return tuple(name for name in names if isinstance(name, str) and name)

    @reads("ServiceNow")
    def find_change(self, correlation: str) -> Change | None:
        found = self._first("change_request", correlation, CHANGE_FIELDS)
        return self._change(found) if found else None

    @reads("ServiceNow")
    def open_change(self, draft: TicketDraft) -> Change:
        return self._change(self._made("change_request", {**self._new(draft), "type": "normal"}))

    def verify(self, incoming: Incoming) -> Genuine:
        known = (self.config.secret, self.config.previous_secret)
        secrets = [secret.get_secret_value() for secret in known if secret]
        return verify(SCHEMES["header"], incoming, secrets=secrets)

    def _get(self, path: str, query: dict[str, Any]) -> Any:
        return self.http.get(path, params=query)

    def _path(self, key: str) -> str:
        return f"table/{self.config.table}/{quote(key)}"

    def _first(self, table: str, correlation: str, fields: str) -> dict[str, Any] | None:
        query = {
            "sysparm_query": f"correlation_id={correlation}^ORDERBYsys_created_on",
            "sysparm_fields": fields,
            "sysparm_limit": 1,
        }
        found = wanted("ServiceNow", self._get(f"table/{table}", query), "result", list)
        return found[0] if found else None

    def _new(self, draft: TicketDraft) -> dict[str, Any]:
        sent: dict[str, Any] = {
            "short_description": draft.title[:LONGEST_SUMMARY],
            "description": draft.body,
            "correlation_id": draft.correlation,
            "correlation_display": "Signalbox",
        }
        return sent | ({"assignment_group": self.config.group} if self.config.group else {})

    def _made(self, table: str, sent: dict[str, Any]) -> dict[str, Any]:
        return wanted("ServiceNow", self.http.post(f"table/{table}", json=sent), "result", dict)

    def _patch(self, key: str, sent: dict[str, Any]) -> None:
        self.http.request("PATCH", self._path(key), json=sent)

    def _journal(self, key: str) -> Iterator[RemoteComment]:
        for page in range(MOST_PAGES):
            query = {
                "sysparm_query": f"element_id={key}^elementINcomments,work_notes^ORDERBYsys_created_on",
                "sysparm_fields": "sys_id,value,sys_created_by,sys_created_on",
                "sysparm_limit": PAGE,
                "sysparm_offset": page * PAGE,
            }
            rows = wanted("ServiceNow", self._get("table/sys_journal_field", query), "result", list)
            for row in rows:
                yield RemoteComment(
                    id=text_at("ServiceNow", row, "sys_id"),
                    text=str(row.get("value", "")),
                    author=str(row.get("sys_created_by") or "somebody"),
                    at=moment_at("ServiceNow", row, "sys_created_on", form=TIME),
                )
            if len(rows) < PAGE:
                return

    def _files(self, key: str) -> list[str]:
        query = {
            "sysparm_query": f"table_sys_id={key}",
            "sysparm_limit": PAGE,
        }
        found = wanted("ServiceNow", self._get("attachment", query), "result", list)
        return [text_at("ServiceNow", row, "file_name") for row in found]

    def _ref(self, row: dict[str, Any]) -> TicketRef:
        key = text_at("ServiceNow", row, "sys_id")
        return TicketRef(key, self._url(self.config.table, key), str(row.get("number") or ""))

    def _url(self, table: str, key: str) -> str:
        return f"{self._site}/nav_to.do?uri={quote(f'{table}.do?sys_id={key}', safe='')}"

    def _change(self, row: dict[str, Any]) -> Change:
        state = text_at("ServiceNow", row, "state")
        return Change(
            number=text_at("ServiceNow", row, "number"),
            url=self._url("change_request", text_at("ServiceNow", row, "sys_id")),
            state=state,
            approved=VERDICTS.get(str(row.get("approval"))),
            closed=CHANGE.get(state) == Phase.DONE,
        )


def _grade(priority: str) -> dict[str, str]:
    impact, urgency = GRADES.get(priority, ("3", "3"))
    return {"impact": impact, "urgency": urgency}


def _value(reference: Any) -> str:
    """The id behind a reference, with or without its link."""
    return str(reference.get("value", "")) if isinstance(reference, dict) else str(reference or "")
