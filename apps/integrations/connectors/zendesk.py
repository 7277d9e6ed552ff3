"""Files tickets in one Zendesk account, and listens to its webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import quote

from pydantic import Field, HttpUrl, SecretStr

from apps.core.http import NEVER, Http
from apps.integrations.answering import at, moment_at, reads, text_at, wanted
from apps.integrations.base import DESTINATION, PREVIOUS, Config, Connector
from apps.integrations.errors import Overtaken
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

PAGE, MOST_PAGES = 100, 20
PHASES = {
    "new": Phase.OPEN, "open": Phase.OPEN, "pending": Phase.WORKING, "hold": Phase.WORKING,
    "solved": Phase.DONE, "closed": Phase.DONE,
}  # fmt: skip
STATUSES = {Phase.OPEN: "open", Phase.WORKING: "pending", Phase.DONE: "solved"}


class ZendeskConfig(Config):
    address: HttpUrl = Field(
        description="For example https://acme.zendesk.com", json_schema_extra=DESTINATION
    )
    email: str = Field(min_length=3, max_length=200, description="Of the agent whose token it is.")
    api_token: SecretStr = Field(title="API token", description="Admin Center, Apps, Zendesk API.")
    # Zendesk makes this one itself, when the webhook is added.
    secret: SecretStr | None = Field(
        default=None,
        title="Webhook signing secret",
        description="Admin Center shows it on the webhook's page.",
    )
    previous_secret: SecretStr | None = Field(default=None, json_schema_extra=PREVIOUS)


class Zendesk(Connector[ZendeskConfig]):
    """The Ticketing API, version 2. Notes go out as internal comments: no customer sees them."""

    config_class = ZendeskConfig
    settles_seconds = 45.0  # external_id is read from its database; our own time-out, and some
    takes_files = True
    priorities = {"low": "low", "medium": "normal", "high": "high", "critical": "urgent"}

    @cached_property
    def http(self) -> Http:
        auth = (f"{self.config.email}/token", self.config.api_token.get_secret_value())
        return Http("Zendesk", f"{self._site}/api/v2", auth=auth)

    @cached_property
    def _once(self) -> Http:
        """For changes: a comment that is sent twice stands there twice."""
        auth = (f"{self.config.email}/token", self.config.api_token.get_secret_value())
        return Http("Zendesk", f"{self._site}/api/v2", auth=auth, retry=NEVER)

    @property
    def _site(self) -> str:
        return str(self.config.address).rstrip("/")

    @reads("Zendesk")
    def check(self) -> str:
        answer = self.http.get("users/me.json")
        role = text_at("Zendesk", answer, "user.role")
        return f"Signed in as {text_at('Zendesk', answer, 'user.name')} ({role})."

    @reads("Zendesk")
    def find_ticket(self, correlation: str) -> TicketRef | None:
        answer = self.http.get("tickets.json", params={"external_id": correlation})
        found = wanted("Zendesk", answer, "tickets", list)
        return self._ref(min(found, key=lambda row: row["id"])) if found else None

    @reads("Zendesk")
    def open_ticket(self, draft: TicketDraft) -> TicketRef:
        ticket: dict[str, Any] = {
            "subject": draft.title,
            "comment": {"body": draft.body, "public": False},
            "external_id": draft.correlation,
            "tags": list(draft.labels),
        }
        if draft.priority:
            ticket["priority"] = draft.priority
        made = self.http.post(
            "tickets.json", json={"ticket": ticket}, idempotency_key=draft.correlation
        )
        return self._ref(wanted("Zendesk", made, "ticket", dict))

    def link_back(self, ref: TicketRef, draft: TicketDraft) -> None:
        """The first comment has had the address from the start."""

    @reads("Zendesk")
    def read_ticket(self, key: str) -> TicketState:
        answer = self.http.get(f"tickets/{quote(key)}.json")
        row = wanted("Zendesk", answer, "ticket", dict)
        said = list(self._said(key))
        status = text_at("Zendesk", row, "status")
        return TicketState(
            ref=self._ref(row),
            title=str(row.get("subject") or ""),
            status=status,
            phase=PHASES.get(status, Phase.OPEN),
            updated_at=moment_at("Zendesk", row, "updated_at"),
            priority=str(row.get("priority") or ""),
            assignee=str(row.get("assignee_id") or ""),
            # The first comment is the ticket's own text; a file's is only its name.
            comments=tuple(_comment(each) for each in said[1:] if not _is_file(each)),
            files=tuple(name for each in said for name in _files(each)),
        )

    @reads("Zendesk")
    def change_ticket(self, seen: TicketState, change: TicketChange) -> None:
        sent: dict[str, Any] = {}
        if change.priority is not None:
            sent["priority"] = change.priority
        if change.assignee is not None:
            sent["assignee_id"] = int(change.assignee) if change.assignee else None
        if change.phase is not None and change.phase != seen.phase:
            sent["status"] = change.status or STATUSES[change.phase]
        # Zendesk itself refuses what somebody has changed since it was read.
        stamp = seen.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._put(seen.ref.key, {**sent, "safe_update": True, "updated_stamp": stamp})

    @reads("Zendesk")
    def comment(self, key: str, text: str) -> str:
        self._put(key, {"comment": {"body": text, "public": False}})
        return ""  # the answer names the audit, not the comment; it is known by its words

    @reads("Zendesk")
    def attach(self, key: str, file: File) -> None:
        answer = self.http.request(
            "POST",
            "uploads.json",
            params={"filename": file.name},
            content=file.content,
            headers={"content-type": file.content_type},
        ).json()
        token = text_at("Zendesk", answer, "upload.token")
        comment = {"body": file.name, "public": False, "uploads": [token]}
        self._put(key, {"comment": comment})

    def keys_in(self, body: Any) -> tuple[str, ...]:
        names = (at(body, name) for name in ("detail.id", "ticket.id", "ticket_id"))
        return tuple(str(name) for name in names if name)

    def verify(self, incoming: Incoming) -> Genuine:
        known = (self.config.secret, self.config.previous_secret)
        secrets = [secret.get_secret_value() for secret in known if secret]
        return verify(SCHEMES["zendesk"], incoming, secrets=secrets)

    def _put(self, key: str, ticket: dict[str, Any]) -> None:
        path = f"tickets/{quote(key)}.json"
        answer = self._once.request("PUT", path, json={"ticket": ticket}, accept=(409,))
        if answer.status == 409:
            raise Overtaken(service="Zendesk", key=key)

    def _said(self, key: str) -> Iterator[dict[str, Any]]:
        query: dict[str, Any] = {"page[size]": PAGE, "sort": "created_at"}
        for _ in range(MOST_PAGES):
            answer = self.http.get(f"tickets/{quote(key)}/comments.json", params=query)
            yield from wanted("Zendesk", answer, "comments", list)
            if not at(answer, "meta.has_more"):
                return
            query["page[after]"] = text_at("Zendesk", answer, "meta.after_cursor")

    def _ref(self, row: dict[str, Any]) -> TicketRef:
        key = text_at("Zendesk", row, "id")
        return TicketRef(key, f"{self._site}/agent/tickets/{key}", f"#{key}")


def _comment(row: dict[str, Any]) -> RemoteComment:
    return RemoteComment(
        id=text_at("Zendesk", row, "id"),
        text=str(row.get("plain_body") or row.get("body") or ""),
        author=str(at(row, "author_id") or "somebody"),
        at=moment_at("Zendesk", row, "created_at"),
    )


def _files(row: dict[str, Any]) -> list[str]:
    return [text_at("Zendesk", file, "file_name") for file in row.get("attachments") or []]


def _is_file(row: dict[str, Any]) -> bool:
    return str(row.get("body") or "").strip() in _files(row)
