"""Files tickets in one Jira Cloud or Data Center project, and listens to its webhooks."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

from pydantic import Field, HttpUrl, SecretStr

from apps.core.errors import Conflict
from apps.core.http import BadAnswer, Http
from apps.integrations.base import DESTINATION, GENERATED, PREVIOUS, Config, Connector
from apps.integrations.ports import Genuine, Incoming, TicketDraft, TicketRef, TicketState
from apps.integrations.signatures import SCHEMES, verify

FIELDS = "summary,status,updated"
LONGEST_SUMMARY = 255


class JiraConfig(Config):
    site: HttpUrl = Field(
        description="For example https://acme.atlassian.net", json_schema_extra=DESTINATION
    )
    email: str = Field(min_length=3, max_length=200, description="Whose API token it is.")
    api_token: SecretStr = Field(
        title="API token", description="Account settings, Security, API tokens."
    )
    project: str = Field(
        pattern=r"^[A-Z][A-Z0-9_]{0,19}$", description="Where tickets are filed, for example ML."
    )
    issue_type: str = Field(default="Task", min_length=1, max_length=60)
    secret: SecretStr = Field(
        min_length=8,
        max_length=500,
        title="Webhook secret",
        description="Enter the same in Jira under System, WebHooks. Empty: the portal makes one.",
        json_schema_extra=GENERATED,
    )
    previous_secret: SecretStr | None = Field(default=None, json_schema_extra=PREVIOUS)


class Jira(Connector[JiraConfig]):
    """Jira's REST API, version 3."""

    config_class = JiraConfig

    @cached_property
    def http(self) -> Http:
        auth = (self.config.email, self.config.api_token.get_secret_value())
        return Http("Jira", f"{self._site}/rest/api/3", auth=auth)

    @property
    def _site(self) -> str:
        return str(self.config.site).rstrip("/")

    def check(self) -> str:
        me = self.http.get("myself")
        types = self.http.get(f"issue/createmeta/{self.config.project}/issuetypes")
        names = [kind["name"] for kind in types.get("issueTypes", [])]
        if self.config.issue_type not in names:
            known = ", ".join(names) or "none"
            raise Conflict(reason=f"issue_type: {self.config.project} has {known}.")
        return f"Signed in as {me.get('displayName', 'somebody')}."

    def find_ticket(self, correlation: str) -> TicketRef | None:
        jql = f'project = "{self.config.project}" AND labels = "{correlation}"'
        query = {"jql": jql, "fields": "summary", "maxResults": 2}
        found = self.http.get("search/jql", params=query).get("issues", [])
        return self._ref(found[0]["key"]) if found else None

    def open_ticket(self, draft: TicketDraft) -> TicketRef:
        fields = {
            "project": {"key": self.config.project},
            "issuetype": {"name": self.config.issue_type},
            "summary": draft.title[:LONGEST_SUMMARY],
            "description": document(draft.body),
            "labels": [draft.correlation, *draft.labels],
        }
        made = self.http.post("issue", json={"fields": fields})
        if not isinstance(made, dict) or "key" not in made:
            raise BadAnswer(service="Jira", reason="it opened a ticket without a key")
        return self._ref(made["key"])

    def read_ticket(self, key: str) -> TicketState:
        issue = self.http.get(f"issue/{quote(key)}", params={"fields": FIELDS})
        fields = issue["fields"]
        status = fields["status"]
        return TicketState(
            ref=self._ref(issue["key"]),
            title=fields["summary"],
            status=status["name"],
            closed=_is_done(status),
            updated_at=datetime.fromisoformat(fields["updated"]),
        )

    def comment(self, key: str, text: str) -> None:
        self.http.post(f"issue/{quote(key)}/comment", json={"body": document(text)})

    def close_ticket(self, key: str, reason: str) -> None:
        offered = self.http.get(f"issue/{quote(key)}/transitions").get("transitions", [])
        done = [step for step in offered if _is_done(step["to"])]
        if not done:
            names = ", ".join(step["name"] for step in offered) or "none"
            raise Conflict(reason=f"Jira offers no way to close {key}; its transitions: {names}.")
        self.http.post(
            f"issue/{quote(key)}/transitions", json={"transition": {"id": done[0]["id"]}}
        )
        self.comment(key, reason)

    def verify(self, incoming: Incoming) -> Genuine:
        known = (self.config.secret, self.config.previous_secret)
        secrets = [secret.get_secret_value() for secret in known if secret]
        return verify(SCHEMES["jira"], incoming, secrets=secrets)

    def _ref(self, key: str) -> TicketRef:
        return TicketRef(key, f"{self._site}/browse/{key}")


def document(text: str) -> dict[str, Any]:
    """Plain text as Atlassian's document format: one paragraph per block."""
    blocks = [block for block in text.split("\n\n") if block.strip()]
    return {"type": "doc", "version": 1, "content": [_paragraph(block) for block in blocks]}


def _paragraph(block: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for line in block.splitlines():
        if content:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}


def _is_done(status: dict[str, Any]) -> bool:
    return bool(status.get("statusCategory", {}).get("key") == "done")
