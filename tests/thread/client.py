"""What the walk needs: one portal with everything in it, and people who speak REST."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.portal.polling import ROOT, until
from tests.portal.test_up import Portal

PATIENCE = 600.0


class WholePortal(Portal):
    """A portal with its own MLflow server, and with doors to the stand-ins on this machine."""

    def __init__(self, home: Path, **settings: str) -> None:
        super().__init__(home)
        self.environ.pop("MLFLOW_TRACKING_URI")
        self.environ |= {"HTTP_ALLOW": "127.0.0.1", **settings}

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def token(self, user: str) -> str:
        made = self.manage("token", user)
        assert made.returncode == 0, made.stderr
        return made.stdout.splitlines()[-1]

    def kill_worker(self) -> None:
        """As the kernel does when memory runs out: the worker and all its children."""
        until(lambda: self.seen("worker")["pid"], seconds=PATIENCE, what="a worker to kill")
        os.killpg(self.seen("worker")["pid"], signal.SIGKILL)

    def train(self, token: str) -> None:
        """Run the team's script with the unchanged client."""
        environ = {
            **os.environ,
            "MLFLOW_TRACKING_URI": f"{self.url}/mlflow",
            "MLFLOW_TRACKING_TOKEN": token,
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        command = [sys.executable, "-W", "ignore", "docs/tour/train.py"]
        done = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.stdout.endswith("trained\n"), done.stderr[-3000:]


class Person:
    """Somebody with a token."""

    def __init__(self, portal: WholePortal, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.token = token
        self.http = httpx.Client(base_url=portal.url, headers=headers, timeout=60, trust_env=False)

    def close(self) -> None:
        self.http.close()

    def get(self, path: str, **query: Any) -> Any:
        return self._answer(self.http.get(f"/api/v1/{path}", params=query or None))

    def post(self, path: str, **body: Any) -> Any:
        return self._answer(self.http.post(f"/api/v1/{path}", json=body))

    def predict(self, deployment: str, rows: dict[str, Any]) -> httpx.Response:
        return self.http.post(f"/serve/{deployment}/invocations", json={"dataframe_split": rows})

    def wait(self, path: str, holds: Callable[[Any], bool]) -> Any:
        """Read until it holds."""
        last: list[Any] = [None]

        def look() -> bool:
            last[0] = self.get(path)
            return holds(last[0])

        until(look, seconds=PATIENCE, what=lambda: json.dumps(last[0])[:2000], pause=0.2)
        return last[0]

    def _answer(self, response: httpx.Response) -> Any:
        assert response.is_success, f"{response.status_code} {response.text[:1000]}"
        return response.json() if response.content else None
