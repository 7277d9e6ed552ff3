"""The README's five minutes, pasted into a shell as they stand."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.portal.polling import ROOT
from tests.thread.client import WholePortal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("thread")]


def tour() -> str:
    """The one shell block below the heading."""
    part = (ROOT / "README.md").read_text().partition("## Five minutes")[2]
    found = re.search(r"```sh\n(.*?)```", part, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour speaks curl")
def test_the_tour_works_when_pasted(portal: WholePortal, tmp_path: Path) -> None:
    script = tmp_path / "tour.sh"
    script.write_text(tour().replace(".venv/bin/python", sys.executable))
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", str(script)],
        cwd=ROOT,
        env={**portal.environ, "URL": portal.url, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert '"approved_by":"max"' in done.stdout.replace(": ", ":")
    assert "Roll back to the last good version" in done.stdout
    assert '"state":"resolved"' in done.stdout.replace(": ", ":")
    assert "\nOK " in done.stdout, done.stdout[-300:]
