"""Files tickets in one Jira Cloud or Data Center project, and listens to its webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field, HttpUrl, SecretStr

from apps.core.errors import Conflict
from apps.core.http import Http
from apps.integrations.answering import at, moment_at, reads, text_at, wanted
from apps.integrations.base import DESTINATION, GENERATED, PREVIOUS, Config, Connector
from apps.integrations.documents import document, plain
from apps.integrations.multipart import form_file
from apps.integrations.ports import (
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

FIELDS = "summary,status,updated,priority,assignee,attachment"
LONGEST_SUMMARY = 255
PAGE, MOST_PAGES = 100, 20
PHASES = {"new": Phase.OPEN, "indeterminate": Phase.WORKING, "done": Phase.DONE}
# A comment that the customers of a service desk do not see.
INTERNAL = [{"key": "sd.public.comment", "value": {"internal": True}}]


class JiraConfig(Config):
    site: HttpUrl = Field(
        description="For example https://acme.atlassian.net", json_schema_extra=DESTINATION
    )
    kind: Literal["cloud", "data_center"] = Field(
        default="cloud",
        json_schema_extra={"choices": {"cloud": "Jira Cloud", "data_center": "Jira Data Center"}},
    )
    email: str = Field(
        default="",
        max_length=200,
        description="Whose API token it is. Empty for a personal access token of Data Center.",
    )
    api_token: SecretStr = Field(
        title="API token", description="Account settings, Security, API tokens."
    )
    project: str = Field(
        pattern=r"^[A-Z][A-Z0-9_]{0,19}$", description="Where tickets are filed, for example ML."
    )
    issue_type: str = Field(default="Task", min_length=1, max_length=60)
    service_desk: str = Field(
        default="",
        pattern=r"^\d{0,10}$",
        description="Jira Service Management: number of the service desk. Empty: plain issues.",
    )
    request_type: str = Field(
        default="", pattern=r"^\d{0,10}$", description="Number of the request type there."
    )
    secret: SecretStr = Field(
        min_length=8,
        max_length=500,
        title="Webhook secret",
        description="Enter the same in Jira under System, WebHooks. Empty: the portal makes one.",
        json_schema_extra=GENERATED,
    )
    previous_secret: SecretStr | None = Field(default=None, json_schema_extra=PREVIOUS)


class Jira(Connector[JiraConfig]):
    """Jira's REST API: version 3 of the Cloud, version 2 of Data Center."""

    config_class = JiraConfig
    settles_seconds = 90.0  # our own time-out, and a minute: its search follows its database
    takes_files = True
    priorities = {"low": "Low", "medium": "Medium", "high": "High", "critical": "Highest"}

    @cached_property
    def http(self) -> Http:
        token = self.config.api_token.get_secret_value()
        auth = (self.config.email, token) if self.config.email else token
        return Http("Jira", f"{self._site}/rest", auth=auth)

    @property
    def _site(self) -> str:
        return str(self.config.site).rstrip("/")

    @property
    def _cloud(self) -> bool:
        return self.config.kind == "cloud"

    @reads("Jira")
    def check(self) -> str:
        me = self.http.get(self._api("myself"))
        path = f"issue/createmeta/{self.config.project}/issuetypes"
        types = self.http.get(self._api(path))
        found = at(types, "issueTypes") or at(types, "values") or []
        names = [kind["name"] for kind in found]
        if self.config.issue_type not in names:
            known = ", ".join(names) or "none"
            raise Conflict(reason=f"issue_type: {self.config.project} has {known}.")
        return f"Signed in as {me.get('displayName', 'somebody')}."

    @reads("Jira")
    def find_ticket(self, correlation: str) -> TicketRef | None:
        hit = f'labels = "{correlation}"'
        if self.config.service_desk:
            # A request has its label only from the second call on; its text has the name from the first.
            hit = f'({hit} OR description ~ "\\"{correlation}\\"")'
        query = {
            "jql": f'project = "{self.config.project}" AND {hit} ORDER BY created ASC',
            "fields": "summary",
            "maxResults": 2,
        }
        answer = self.http.get(self._api("search/jql" if self._cloud else "search"), params=query)
        found = wanted("Jira", answer, "issues", list)
        return self._ref(text_at("Jira", found[0], "key")) if found else None

    @reads("Jira")
    def open_ticket(self, draft: TicketDraft) -> TicketRef:
        if self.config.service_desk:
            return self._ask_for(draft)
        fields: dict[str, Any] = {
            "project": {"key": self.config.project},
            "issuetype": {"name": self.config.issue_type},
            "summary": draft.title[:LONGEST_SUMMARY],
            "description": self._text(draft.body),
            "labels": [draft.correlation, *draft.labels],
        }
        if draft.priority:
            fields["priority"] = {"name": draft.priority}
        made = self.http.post(self._api("issue"), json={"fields": fields})
        return self._ref(text_at("Jira", made, "key"))

    def link_back(self, ref: TicketRef, draft: TicketDraft) -> None:
        if self.config.service_desk:
            labels = [{"add": name} for name in (draft.correlation, *draft.labels)]
            self._request("PUT", f"issue/{quote(ref.key)}", {"update": {"labels": labels}})
        link = {
            "globalId": f"system=signalbox&id={draft.correlation}",
            "object": {"url": draft.url, "title": draft.title[:LONGEST_SUMMARY]},
        }
        self._request("POST", f"issue/{quote(ref.key)}/remotelink", link)

    @reads("Jira")
    def read_ticket(self, key: str) -> TicketState:
        issue = self.http.get(self._api(f"issue/{quote(key)}"), params={"fields": FIELDS})
        fields = wanted("Jira", issue, "fields", dict)
        status = wanted("Jira", fields, "status", dict)
        return TicketState(
            ref=self._ref(text_at("Jira", issue, "key")),
            title=str(fields.get("summary", "")),
            status=text_at("Jira", status, "name"),
            phase=_phase(status),
            updated_at=moment_at("Jira", fields, "updated"),
            priority=at(fields, "priority.name") or "",
            assignee=at(fields, f"assignee.{self._who}") or "",
            comments=tuple(self._comments(key)),
            files=tuple(file["filename"] for file in fields.get("attachment") or []),
        )

    @reads("Jira")
    def change_ticket(self, seen: TicketState, change: TicketChange) -> None:
        key = quote(seen.ref.key)
        if change.priority is not None:
            fields = {"fields": {"priority": {"name": change.priority}}}
            self._request("PUT", f"issue/{key}", fields)
        if change.assignee is not None:
            account = change.assignee or None
            self._request("PUT", f"issue/{key}/assignee", {self._who: account})
        if change.phase is not None and change.phase != seen.phase:
            self._move(key, change)

    @reads("Jira")
    def comment(self, key: str, text: str) -> str:
        sent: dict[str, Any] = {"body": self._text(text)}
        if self.config.service_desk:
            sent["properties"] = INTERNAL
        made = self.http.post(self._api(f"issue/{quote(key)}/comment"), json=sent)
        return text_at("Jira", made, "id")

    @reads("Jira")
    def attach(self, key: str, file: File) -> None:
        content, kind = form_file("file", file.name, file.content_type, file.content)
        headers = {"content-type": kind, "x-atlassian-token": "no-check"}
        path = self._api(f"issue/{quote(key)}/attachments")
        self.http.request("POST", path, content=content, headers=headers)

    def keys_in(self, body: Any) -> tuple[str, ...]:
        key = at(body, "issue.key")
        return (key,) if isinstance(key, str) else ()

    def verify(self, incoming: Incoming) -> Genuine:
        known = (self.config.secret, self.config.previous_secret)
        secrets = [secret.get_secret_value() for secret in known if secret]
        return verify(SCHEMES["jira"], incoming, secrets=secrets)

    @property
    def _who(self) -> str:
        return "accountId" if self._cloud else "name"

    def _api(self, path: str) -> str:
        return f"api/{3 if self._cloud else 2}/{path}"

    def _request(self, method: str, path: str, sent: dict[str, Any]) -> None:
        self.http.request(method, self._api(path), json=sent)

    def _text(self, text: str) -> Any:
        return document(text) if self._cloud else text

    def _ask_for(self, draft: TicketDraft) -> TicketRef:
        """A request of the service desk; its label follows with the link back."""
        sent = {
            "serviceDeskId": self.config.service_desk,
            "requestTypeId": self.config.request_type,
            "requestFieldValues": {
                "summary": draft.title[:LONGEST_SUMMARY],
                "description": f"{draft.body}\n\n{draft.correlation}",
            },
        }
        made = self.http.post("servicedeskapi/request", json=sent)
        return self._ref(text_at("Jira", made, "issueKey"))

    def _comments(self, key: str) -> Iterator[RemoteComment]:
        for page in range(MOST_PAGES):
            query = {"startAt": page * PAGE, "maxResults": PAGE, "orderBy": "created"}
            answer = self.http.get(self._api(f"issue/{quote(key)}/comment"), params=query)
            found = wanted("Jira", answer, "comments", list)
            for each in found:
                yield RemoteComment(
                    id=text_at("Jira", each, "id"),
                    text=plain(each.get("body")),
                    author=at(each, "author.displayName") or "somebody",
                    at=moment_at("Jira", each, "created"),
                )
            if (page + 1) * PAGE >= int(answer.get("total", 0)) or not found:
                return

    def _move(self, key: str, change: TicketChange) -> None:
        answer = self.http.get(self._api(f"issue/{key}/transitions"))
        offered = wanted("Jira", answer, "transitions", list)
        fit = [step for step in offered if _leads(step["to"], change)]
        if not fit:
            to = change.status or f"the phase {change.phase}"
            names = ", ".join(f"{step['name']} to {step['to']['name']}" for step in offered)
            raise Conflict(
                reason=f"Jira offers no transition of {key} to {to}; it offers {names or 'none'}."
            )
        self._request("POST", f"issue/{key}/transitions", {"transition": {"id": fit[0]["id"]}})

    def _ref(self, key: str) -> TicketRef:
        return TicketRef(key, f"{self._site}/browse/{key}", key)


def _leads(status: dict[str, Any], change: TicketChange) -> bool:
    return status["name"] == change.status if change.status else _phase(status) == change.phase


def _phase(status: dict[str, Any]) -> Phase:
    return PHASES.get(str(at(status, "statusCategory.key")), Phase.OPEN)
