"""Stand-ins of ServiceNow, Opsgenie and Splunk On-Call that judge every request by the published documents."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.contract.document import Document
from tests.contract.swagger import SHARED, Swagger, _yaml
from tests.core.loopback import Asked, answer

Json = dict[str, Any]
DOCUMENTS = {
    "servicenow": "servicenow-ballerina.yaml",
    "opsgenie": "opsgenie.json",
    "splunk_oncall": "splunk-oncall.json",
    "jira": "jira-platform-v3.trim.json",
    "jsm": "jsm-servicedesk.trim.json",
}
# What the documents do not describe: ServiceNow's Attachment API and the endpoint for alerts of Splunk On-Call.
ELSEWHERE = ("/api/now/attachment", "/integrations/generic/")


def at_hand(slug: str) -> bool:
    """Whether the vendor's document is at hand."""
    return (SHARED / DOCUMENTS[slug]).exists()


def document(slug: str) -> Document | Swagger:
    """The vendor's document, in whichever version of OpenAPI it is."""
    path = SHARED / DOCUMENTS[slug]
    if path.suffix == ".json":
        version = json.loads(path.read_text(encoding="utf-8-sig")).get("swagger")
        return Swagger(path) if version else Document(path)
    made = Document.__new__(Document)
    made.read(_yaml(path.read_text()))
    return made


class Desk:
    """Answers by method and path; what the document refuses is a fault."""

    def __init__(self, slug: str) -> None:
        self.document = document(slug)
        self.faults: list[str] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.answers: dict[tuple[str, str], tuple[int, Any]] = {}

    def on(self, method: str, path: str, given: Any, status: int = 200) -> None:
        """What to answer."""
        self.answers[method, path] = (status, given)

    def __call__(self, _: socket.socket, asked: Asked) -> bytes:
        where = urlsplit(asked.target)
        if not where.path.startswith(ELSEWHERE):
            self.faults += self.document.faults(asked.method, asked.target, asked.body)
        kind = asked.headers.get("content-type", "")
        body = json.loads(asked.body) if asked.body and "json" in kind else asked.body
        self.asked.append((asked.method, where.path, body or parse_qs(where.query)))
        status, given = self.answers.get((asked.method, where.path), (404, {"error": "none"}))
        return answer(status, json.dumps(given).encode(), content_type="application/json")
