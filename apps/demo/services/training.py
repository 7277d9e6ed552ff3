"""The teams' scripts, run as any script of a team is: a process with a tracking address and a token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import create_token, revoke_token
from apps.core.access import Role
from apps.demo import calls
from apps.demo.errors import ScriptFailed
from apps.demo.models import Demo, Story
from apps.demo.services import cast
from apps.demo.worlds import World, world
from apps.projects.models import Project

ROOT = Path(__file__).resolve().parents[3]
LONGEST = 900  # seconds


def train(demo: Demo, *, place: World, project: Project) -> dict[str, Any]:
    """Train everything of a world; answers its held-out rows. Safe to run twice."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.json"
        _run(place, project, cast.actor(demo, "contributor"), "--rows", str(rows))
        return dict(json.loads(rows.read_text()))


def make_version(*, story: Story, kind: str) -> None:
    """One more version for a story: retrained, careless or slow. Safe to run twice."""
    demo = Demo.objects.get()
    place = world(story.feed.world)
    words = ("--make", kind, "--mark", story.mark)
    _run(place, story.project, cast.actor(demo, "contributor"), *words)


def _run(place: World, project: Project, by: User, *words: str) -> None:
    ends = timezone.now() + timedelta(hours=1)
    token, text = create_token(
        user=by, name="demo training", by=by, role=Role.CONTRIBUTOR,
        project_ids=[project.pk], expires_at=ends,
    )  # fmt: skip
    try:
        _wait_for(place, text, words)
    finally:
        revoke_token(token=token, by=by)


def _wait_for(place: World, token: str, words: tuple[str, ...]) -> None:
    """The pipe to the script ends with this process, and the script with the pipe: none is left over."""
    command = [sys.executable, "-W", "ignore", "-m", f"apps.demo.scripts.{place.script}", *words]
    with (
        tempfile.TemporaryFile() as heard,
        subprocess.Popen(  # noqa: S603  our own script
            command,
            cwd=ROOT,
            env=_environ(token),
            stdin=subprocess.PIPE,
            stdout=heard,
            stderr=heard,
        ) as script,
    ):
        try:
            status = script.wait(LONGEST)
        finally:
            script.kill()
        if status:
            heard.seek(0)
            said = heard.read()[-600:].decode(errors="replace")
            raise ScriptFailed(status=status, said=said)


def _environ(token: str) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": tempfile.gettempdir(),
        "MLFLOW_TRACKING_URI": f"{calls.own_address()}/mlflow",
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
        "DO_NOT_TRACK": "true",
        "NO_PROXY": "*",
        "OMP_NUM_THREADS": "1",
        "GIT_PYTHON_REFRESH": "quiet",
    }
