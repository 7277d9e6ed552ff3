"""The official Python client of the Model Context Protocol speaks with `/mcp`.

Asked for by MCP_CLIENT, the Python of an environment with `pip install mcp`.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.simple_server import make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import override_settings

from apps.accounts.services import create_token
from apps.docs import services as docs
from tests.base import PortalTestCase

PYTHON = os.environ.get("MCP_CLIENT", "")
SCRIPT = Path(__file__).with_name("mcp_client.py")

pytestmark = pytest.mark.skipif(not PYTHON, reason="MCP_CLIENT names no Python with mcp")


@override_settings(OLLAMA_HOST="", ALLOWED_HOSTS=["127.0.0.1"])
class OfficialClientTests(PortalTestCase):
    def setUp(self) -> None:
        body = "# Scores\n\n## Odd scores\n\nRoll back to mend odd scores."
        docs.write(project=self.fraud, kind="runbook", body=body, by=self.ada)
        shared = connections["default"]
        shared.inc_thread_sharing()
        self.addCleanup(shared.dec_thread_sharing)
        self.server = make_server("127.0.0.1", 0, WSGIHandler())
        self.addCleanup(self.server.server_close)
        serving = Thread(target=self.serve, args=(shared,), daemon=True)
        serving.start()
        self.addCleanup(serving.join)
        self.addCleanup(self.server.shutdown)

    def serve(self, shared: BaseDatabaseWrapper) -> None:
        """In the transaction of the test, which waits meanwhile."""
        connections["default"] = shared
        self.server.serve_forever()

    def run_client(self, token: str) -> subprocess.CompletedProcess[str]:
        address = f"http://127.0.0.1:{self.server.server_port}/mcp"
        command = [PYTHON, str(SCRIPT), address, token]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def told(self, user: Any) -> dict[str, Any]:
        _, token = create_token(user=user, name="mcp", by=user)
        done = self.run_client(token)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return dict(json.loads(done.stdout))

    def test_it_lists_and_calls_with_the_rights_of_the_token(self) -> None:
        told = self.told(self.carol)
        self.assertEqual(told["version"], "2025-11-25")
        self.assertLessEqual({"ask", "find_passages", "propose_roll_back"}, set(told["tools"]))
        self.assertIn("Roll back to mend odd scores", json.dumps(told["found"]))
        self.assertIn("Roll back to mend odd scores", json.dumps(told["asked"]))
        self.assertTrue(told["wrong"][0])
        self.assertIn("user", told["wrong"][1])

        stranger = self.told(self.bob)
        self.assertEqual(stranger["tools"], told["tools"])
        self.assertNotIn("Roll back", json.dumps(stranger))

    def test_a_token_of_nobody_is_refused(self) -> None:
        done = self.run_client("sbx_abc_def")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("401", done.stderr)
        self.assertEqual(done.stdout, "")
