"""A migrated database that each test process copies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def make(url: str) -> None:
    """Bring the empty database at `url` to where all migrations lead."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "manage.py"), "migrate", "--verbosity=0"],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
