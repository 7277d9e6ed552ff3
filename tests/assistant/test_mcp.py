"""The MCP server, by the messages of the specification."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from apps.accounts.models import ApiToken
from apps.accounts.services import create_token
from apps.assistant.models import Exchange, Proposal
from apps.docs import services as docs
from apps.incidents.models import Incident
from tests.base import PortalTestCase


class McpTests(PortalTestCase):
    def setUp(self) -> None:
        docs.write(
            project=self.fraud,
            kind="runbook",
            body="# Scores\n\n## Odd scores\n\nRoll back to mend odd scores.",
            by=self.ada,
        )

    def client_of(self, user: Any, **limits: Any) -> Client:
        _, text = create_token(user=user, name="mcp", by=user, **limits)
        return Client(HTTP_AUTHORIZATION=f"Bearer {text}")

    def post(self, user: Any, message: Any, **headers: str) -> HttpResponse:
        body = message if isinstance(message, bytes) else json.dumps(message)
        return self.client_of(user).post(
            "/mcp", body, content_type="application/json", headers=headers
        )

    def rpc(self, user: Any, method: str, **params: Any) -> Any:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self.post(user, message).json()
        self.assertEqual((answer["jsonrpc"], answer["id"]), ("2.0", 1))
        return answer.get("result") or answer.get("error")

    def test_it_agrees_on_a_version(self) -> None:
        for asked, agreed in (("2025-06-18", "2025-06-18"), ("1999-01-01", "2025-11-25")):
            found = self.rpc(
                self.carol, "initialize", protocolVersion=asked, capabilities={}, clientInfo={}
            )
            self.assertEqual(found["protocolVersion"], agreed)
        self.assertEqual(found["serverInfo"]["name"], "signalbox")
        done = self.post(self.carol, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.assertEqual((done.status_code, done.content), (202, b""))
        self.assertEqual(self.rpc(self.carol, "ping"), None)

    def test_it_lists_tools_with_what_they_take(self) -> None:
        tools = {tool["name"]: tool for tool in self.rpc(self.carol, "tools/list")["tools"]}
        passages = tools["find_passages"]
        self.assertEqual(passages["inputSchema"]["required"], ["words"])
        self.assertNotIn("user", passages["inputSchema"]["properties"])
        self.assertFalse(passages["inputSchema"]["additionalProperties"])
        self.assertTrue(passages["annotations"]["readOnlyHint"])
        self.assertIn("propose_roll_back", tools)
        self.assertNotIn("roll_back", tools)

    def call(self, user: Any, name: str, **given: Any) -> Any:
        return self.rpc(user, "tools/call", name=name, arguments=given)

    def test_it_reads_with_the_rights_of_the_token(self) -> None:
        found = self.call(self.carol, "find_passages", words="odd scores")
        self.assertFalse(found["isError"])
        self.assertIn("Roll back to mend odd scores", found["content"][0]["text"])
        self.assertEqual(found["structuredContent"]["result"][0]["kind"], "passage")
        self.assertNotIn(
            "Roll back", json.dumps(self.call(self.bob, "find_passages", words="odd scores"))
        )

    def test_it_answers_a_question_as_the_page_does(self) -> None:
        with override_settings(OLLAMA_HOST=""):
            found = self.call(self.carol, "ask", question="How do I mend odd scores?")
            told = found["structuredContent"]["result"]
            self.assertIn("Roll back to mend odd scores.", told["sentences"][0]["text"])
            cited = told["sentences"][0]["citations"][0]
            self.assertEqual(told["evidence"][cited - 1]["kind"], "passage")
            kept = Exchange.objects.get()
            self.assertEqual(told["read_at"], f"{settings.PUBLIC_URL}{kept.get_absolute_url()}")

            hidden = self.call(self.bob, "ask", question="How do I mend odd scores?")
            self.assertNotIn("Roll back", json.dumps(hidden))
            foreign = self.call(self.bob, "ask", question="Who wrote it?", project="fraud")
            self.assertTrue(foreign["isError"])
            order = self.call(
                self.carol, "ask", question="Open an incident about odd scores", project="fraud"
            )
        row = Proposal.objects.get()
        decided_at = f"{settings.PUBLIC_URL}{row.get_absolute_url()}"
        self.assertEqual(order["structuredContent"]["result"]["proposals"], [decided_at])
        self.assertFalse(Incident.objects.exists())

    def test_writing_only_proposes(self) -> None:
        found = self.call(self.carol, "propose_open_incident", project="fraud", title="Odd scores")
        self.assertFalse(found["isError"])
        self.assertIn("/assistant/proposals/", found["structuredContent"]["result"]["decided_at"])
        self.assertEqual(Proposal.objects.get().via, "mcp")
        self.assertFalse(Incident.objects.exists())
        self.assertEqual(self.call(self.carol, "roll_back", deployment="x")["code"], -32602)

    def test_wrong_arguments_are_told_to_the_model(self) -> None:
        given = {"words": "x", "user": "sam"}
        found = self.rpc(self.carol, "tools/call", name="find_passages", arguments=given)
        self.assertTrue(found["isError"])
        self.assertIn("user", found["content"][0]["text"])
        self.assertEqual(self.call(self.carol, "no_such_tool")["code"], -32602)
        self.assertEqual(self.rpc(self.carol, "resources/list")["code"], -32601)

    def test_text_that_no_database_holds_is_told_to_the_model(self) -> None:
        for odd in ("odd\x00scores", "odd \ud83d scores"):
            for name, given in (
                ("find_passages", {"words": "odd scores", "project": odd}),
                ("ask", {"question": odd}),
                ("propose_open_incident", {"project": "fraud", "title": odd}),
                ("find_passages", {"words": "odd scores", odd: "x"}),
            ):
                found = self.call(self.carol, name, **given)
                self.assertTrue(found["isError"], (odd, name))
        self.assertIn(
            "no text may hold", self.call(self.carol, "ask", question="\x00")["content"][0]["text"]
        )

    def test_it_keeps_to_the_protocol(self) -> None:
        for body, status, code in (
            (b"{", 400, -32700),
            ([], 400, -32600),
            ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, 400, -32600),
            ({"jsonrpc": "2.0", "id": None, "method": "ping"}, 400, -32600),
            ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, 400, -32600),
            ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}}, 200, -32602),
        ):
            answer = self.post(self.carol, body)
            self.assertEqual(
                (answer.status_code, answer.json()["error"]["code"]), (status, code), body
            )
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        self.assertEqual(
            self.post(self.carol, ping, **{"MCP-Protocol-Version": "1"}).status_code, 400
        )
        self.assertEqual(
            self.post(self.carol, ping, Origin="https://evil.example").status_code, 403
        )
        self.assertEqual(self.client_of(self.carol).get("/mcp").status_code, 405)

    def test_only_a_token_lets_in(self) -> None:
        ping = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"})
        self.client.force_login(self.carol)
        over, text = create_token(user=self.carol, name="over", by=self.carol)
        ApiToken.objects.filter(pk=over.pk).update(expires_at=timezone.now())
        for client, why in (
            (self.client, "Send a token"),
            (Client(HTTP_AUTHORIZATION="Bearer sbx_abc_def"), "unknown, expired or revoked"),
            (Client(HTTP_AUTHORIZATION=f"Bearer {text}"), "unknown, expired or revoked"),
        ):
            answer = client.post("/mcp", ping, content_type="application/json")
            self.assertEqual(answer.status_code, 401)
            self.assertIn("Bearer", answer["WWW-Authenticate"])
            self.assertIn(why, answer.json()["error"]["message"])
