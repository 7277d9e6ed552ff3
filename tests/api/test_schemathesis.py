"""A running server keeps what its OpenAPI document promises, for several roles.

Schemathesis makes the requests up. It runs on its own, as an integrator would run it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from apps.accounts.services import create_token
from apps.core.access import Role
from tests.base import PortalTransactionTestCase
from tests.server import running

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
SECONDS = 40
PATIENCE = 700


def explore(address: str, token: str, *, phases: str) -> tuple[int, str]:
    """Let schemathesis look for a broken promise; its exit code and what it says."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            f"{address}/api/v1/schema/",
            f"--header=Authorization: Bearer {token}",
            f"--checks={','.join(CHECKS)}",
            f"--phases={phases}",
            f"--max-time={SECONDS}",
            "--max-examples=10",
            "--continue-on-failure",
            "--generation-deterministic",
            "--request-timeout=240",  # its own ten seconds are less than a machine may stand still
            "--warnings=off",
            "--no-color",
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    return done.returncode, done.stdout + done.stderr


# Sam may do everything, Ada may do what a maintainer may, Carol only looks.
PHASES = {"sam": "examples,coverage", "ada": "examples,fuzzing", "carol": "fuzzing"}


@pytest.mark.slow
class PromiseTests(PortalTransactionTestCase):
    def test_no_answer_breaks_the_document(self) -> None:
        tokens = {
            "sam": create_token(user=self.sam, name="t", by=self.sam)[1],
            "ada": create_token(user=self.ada, name="t", by=self.ada, role=Role.MAINTAINER)[1],
            "carol": create_token(user=self.carol, name="t", by=self.carol, role=Role.VIEWER)[1],
        }
        with running() as address, ThreadPoolExecutor(len(tokens)) as pool:
            # The document is made at the first request, which may take longer than the runs wait.
            httpx.get(f"{address}/api/v1/schema/", timeout=240).raise_for_status()
            runs = {
                name: pool.submit(explore, address, token, phases=PHASES[name])
                for name, token in tokens.items()
            }
            outcomes = {name: run.result() for name, run in runs.items()}

        for name, (code, said) in outcomes.items():
            with self.subTest(name):
                self.assertIn("Tested:", said)
                self.assertEqual(code, 0, said[-8000:])
