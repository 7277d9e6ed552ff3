"""A stand-in for Jira that keeps tickets and holds every request against Jira's own API document."""

from __future__ import annotations

import json
import os
import re
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.contract.document import Document

DOCUMENT = "jira-platform-v3.trim.json"
DONE, OPEN = ("Done", "done"), ("To Do", "new")


def document() -> Document | None:
    """Jira's API document, where the folder of vendors' documents is at hand."""
    folder = os.environ.get("VENDOR_SPECS", "../shared/specs")
    path = Path(folder) / DOCUMENT
    return Document(path) if path.exists() else None


class Jira:
    """One project ML, with the transitions a small team has."""

    def __init__(self) -> None:
        self.issues: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []
        self.lock = threading.Lock()
        self.document = document()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def move(self, key: str, status: tuple[str, str]) -> None:
        """Somebody moves an issue on Jira's own page."""
        fields = self.issues[key]["fields"]
        fields["status"] = {"name": status[0], "statusCategory": {"key": status[1]}}
        fields["updated"] = _now()

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        where = urlsplit(target)
        attaching = where.path.endswith("/attachments")  # not in our copy of the document
        if self.document is not None and not attaching:
            self.faults += self.document.faults(method, target, body)
        if attaching:
            return 200, self._keep_file(where.path.split("/")[-2], body)
        path = where.path.removeprefix("/rest/api/3/")
        sent = json.loads(body) if body else {}
        with self.lock:
            return self._route(method, path, parse_qs(where.query), sent)

    def _route(
        self, method: str, path: str, query: dict[str, list[str]], sent: dict[str, Any]
    ) -> tuple[int, Any]:
        if path == "myself":
            return 200, {"displayName": "Robot"}
        if path == "issue/createmeta/ML/issuetypes":
            return 200, {"issueTypes": [{"name": "Task"}]}
        if path == "search/jql":
            label = re.search(r'labels = "([^"]+)"', query["jql"][0])
            assert label
            hits = [i for i in self.issues.values() if label[1] in i["fields"]["labels"]]
            return 200, {"issues": hits}
        if path == "issue" and method == "POST":
            return 201, self._open(sent["fields"])
        key, _, rest = path.removeprefix("issue/").partition("/")
        return self._about(method, self.issues[key], rest, sent)

    def _keep_file(self, key: str, body: bytes) -> list[dict[str, Any]]:
        name = body.split(b'filename="', 1)[1].split(b'"', 1)[0].decode()
        files = self.issues[key]["fields"].setdefault("attachment", [])
        files.append({"filename": name})
        return files  # type: ignore[no-any-return]

    def _open(self, fields: dict[str, Any]) -> dict[str, Any]:
        key = f"ML-{len(self.issues) + 1}"
        self.issues[key] = {"id": str(len(self.issues) + 1), "key": key, "fields": dict(fields)}
        self.issues[key] |= {"comments": [], "links": {}}
        self.move(key, OPEN)
        return {"id": self.issues[key]["id"], "key": key, "self": f"{self.url}/{key}"}

    def _about(
        self, method: str, issue: dict[str, Any], rest: str, sent: dict[str, Any]
    ) -> tuple[int, Any]:
        fields = issue["fields"]
        match method, rest:
            case "GET", "transitions":
                return 200, {"transitions": [_step(*each) for each in STEPS]}
            case "POST", "transitions":
                to = next(each[1:] for each in STEPS if each[0] == sent["transition"]["id"])
                self.move(issue["key"], to)
                return 204, None
            case "POST", "comment":
                return 201, self.say(issue["key"], sent["body"], "Robot")
            case "GET", "comment":
                return 200, {"comments": issue["comments"], "total": len(issue["comments"])}
            case "POST", "remotelink":
                issue["links"][sent["globalId"]] = sent["object"]
                return 201, {"id": 10000, "self": f"{self.url}/{issue['key']}/remotelink/10000"}
            case "PUT", "assignee":
                fields["assignee"] = sent if sent.get("accountId") else None
                return 204, None
            case "PUT", "":
                fields.update(sent.get("fields", {}))
                return 204, None
        return 200, issue

    def say(self, key: str, body: Any, author: str) -> dict[str, Any]:
        """Somebody comments."""
        comments = self.issues[key]["comments"]
        made = {
            "id": str(10000 + len(comments)),
            "body": body,
            "author": {"displayName": author},
            "created": _now(),
        }
        comments.append(made)
        return made


STEPS = (
    ("11", "To Do", "new"),
    ("21", "In Progress", "indeterminate"),
    ("31", "Done", "done"),
)


def _step(number: str, name: str, category: str) -> dict[str, Any]:
    return {"id": number, "name": name, "to": {"name": name, "statusCategory": {"key": category}}}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _handler(jira: Jira) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._do()

        def do_POST(self) -> None:
            self._do()

        def do_PUT(self) -> None:
            self._do()

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = jira.answer(self.command, self.path, body)
            content = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
