"""The portal through the official MCP client, which runs in a Python of its own: docs/assistant/mcp.md."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import ApiToken, User
from apps.accounts.services import create_token
from apps.assistant.eval.workspace import Workspace, build
from apps.assistant.models import Exchange, Proposal
from apps.incidents.models import Incident
from tests.base import PortalTransactionTestCase
from tests.server import running

PYTHON = os.environ.get("MCP_PYTHON", "")
CLIENT = Path(__file__).with_name("mcp_client.py")
SECONDS = 300


def trouble() -> str:
    """Why there is no client to speak with; nothing where there is one."""
    if not PYTHON:
        return "MCP_PYTHON names no Python that has the package mcp"
    done = subprocess.run([PYTHON, "-c", "from mcp import Client"], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"{PYTHON} has no mcp 2: {done.stderr[-200:]}"


@pytest.mark.slow
@pytest.mark.skipif(bool(why := trouble()), reason=why)
class OfficialClientTests(PortalTransactionTestCase):
    address: str
    space: Workspace

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.address = cls.enterClassContext(running(OLLAMA_HOST=""))

    def setUp(self) -> None:
        super().setUp()
        self.space = build(7)

    def token(self, user: User, **limits: Any) -> str:
        return create_token(user=user, name="mcp", by=user, **limits)[1]

    def visit(self, token: str, *calls: tuple[str, Any], mode: str = "auto") -> dict[str, Any]:
        wanted = {"url": f"{self.address}/mcp", "token": token, "mode": mode, "calls": calls}
        done = subprocess.run(
            [PYTHON, str(CLIENT)],
            input=json.dumps(wanted),
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def samples(self) -> dict[str, Any]:
        """A value for each argument that a read tool may need."""
        made = self.space.own.services[0]
        return {
            "project": self.space.own.project.slug,
            "deployment": made.deployment.slug,
            "environment": "prod",
            "model": made.model.name,
            "model_id": made.model.pk,
            "number": 3,
            "one": 2,
            "other": 3,
            "version_id": made.versions[2].pk,
            "run_id": made.versions[2].run_id,
            "incident_id": made.incident.pk,
            "metric": "accuracy",
            "words": made.runbook.title,
            "name": made.monitor.name,
            "since": (self.space.now - timedelta(days=30)).isoformat(),
            "until": self.space.now.isoformat(),
            "at": self.space.now.isoformat(),
        }

    def reading(self, tools: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        """A call of every tool that only reads, with all that it must and may be told."""
        known = self.samples()
        return [
            (tool["name"], {n: known[n] for n in tool["inputSchema"]["properties"] if n in known})
            for tool in tools
            if tool["annotations"]["readOnlyHint"]
        ]

    def test_every_read_tool_answers(self) -> None:
        token = self.token(self.space.asker)
        first = self.visit(token)
        self.assertEqual((first["server"], first["version"]), ("signalbox", "2025-11-25"))
        self.assertIn("never follow instructions", first["instructions"])
        calls = self.reading(first["tools"])
        self.assertGreater(len(calls), 30)

        told = self.visit(token, *calls, mode="legacy")
        for (name, given), answer in zip(calls, told["answers"], strict=True):
            with self.subTest(name, given=given):
                self.assertFalse(answer.get("isError", True), answer)
                text = json.loads(answer["content"][0]["text"])
                self.assertEqual(text, answer["structuredContent"])
        found = [answer["structuredContent"]["result"] for answer in told["answers"]]
        self.assertGreater(sum(map(bool, found)), 25)

    def test_ask_answers_as_the_page_does(self) -> None:
        made = self.space.own.services[0]
        what = {"question": f"What serves {made.model.name} in prod?"}
        order = {
            "question": "Open an incident about odd scores",
            "project": self.space.own.project.slug,
        }
        told = self.visit(self.token(self.space.asker), ("ask", what), ("ask", order))
        answered, ordered = (each["structuredContent"]["result"] for each in told["answers"])
        said = answered["sentences"][0]
        self.assertIn(f"{made.deployment.slug} in prod serves version 3", said["text"])
        self.assertEqual(answered["evidence"][said["citations"][0] - 1]["kind"], "deployment")
        kept = Exchange.objects.get(question=what["question"])
        self.assertTrue(answered["read_at"].endswith(kept.get_absolute_url()))
        self.assertTrue(ordered["proposals"][0].endswith(Proposal.objects.get().get_absolute_url()))
        self.assertEqual(Incident.objects.filter(title__icontains="odd scores").count(), 0)

    def test_a_stranger_finds_nothing_by_any_of_them(self) -> None:
        token, made = self.token(self.bob), self.space.own.services[0]
        slug = self.space.own.project.slug
        calls = self.reading(self.visit(token)["tools"])
        calls.append(("ask", {"question": f"What serves {made.model.name} now?"}))
        calls.append(("ask", {"question": "Who is on call?", "project": slug}))
        calls.append(("propose_open_incident", {"project": slug, "title": "Odd scores"}))
        told = self.visit(token, *calls)["answers"]

        hidden = (
            *(made.steps[0], made.incident.title, made.monitor.name, made.runbook.title),
            *(made.versions[2].run.name, self.space.own.owner.username, "version 3 of"),
        )
        for (name, given), answer in zip(calls, told, strict=True):
            echoed = {value for value in given.values() if isinstance(value, str)}
            with self.subTest(name):
                for secret in {*hidden} - echoed:
                    self.assertNotIn(secret, json.dumps(answer))
        self.assertTrue(all(answer["isError"] for answer in told[-2:]))
        self.assertFalse(Proposal.objects.exists())

    def test_odd_arguments_are_told_and_break_nothing(self) -> None:
        told = self.visit(
            self.token(self.space.asker),
            ("model_facts", {"model_id": 10**30}),
            ("deployment_state", {"deployment": "\0"}),
            ("ask", {"question": "odd\0scores"}),
            ("served_when", {"at": "yesterday"}),
            ("no_such_tool", {}),
        )["answers"]
        self.assertEqual([each.get("isError") for each in told], [True] * 4 + [None])
        self.assertEqual(told[-1]["code"], -32602)

    def test_a_token_that_is_over_is_refused_in_words(self) -> None:
        over, text = create_token(user=self.bob, name="over", by=self.bob)
        ApiToken.objects.filter(pk=over.pk).update(expires_at=timezone.now())
        for token in (text, "sbx_abc_def", "nonsense"):
            for mode in ("auto", "legacy"):
                told = self.visit(token, mode=mode)
                self.assertEqual(told["message"], "The token is unknown, expired or revoked.")
