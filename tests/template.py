"""A migrated database that each test process copies. Migrating takes a while, so its dump is kept."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from portal.embedded.binaries import find

ROOT = Path(__file__).parents[1]
# Whatever decides what the migrations make.
SOURCES = ("apps/*/migrations/*.py", "requirements/base.txt", "tests/template.py")


def make(url: str) -> None:
    """Bring the empty database at `url` to where all migrations lead."""
    kept = ROOT / ".pytest_cache" / f"schema-{_digest()}.sql"
    if kept.exists():
        quiet = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        _run(find()["psql"], *quiet, f"--file={kept}", f"--dbname={url}")
        return
    _run(
        sys.executable, "-W", "ignore", str(ROOT / "manage.py"), "migrate", "--verbosity=0", url=url
    )
    kept.parent.mkdir(exist_ok=True)
    draft = kept.with_suffix(f".{os.getpid()}")
    _run(find()["pg_dump"], "--no-owner", "--no-comments", f"--file={draft}", f"--dbname={url}")
    for old in kept.parent.glob("schema-*.sql"):
        old.unlink(missing_ok=True)
    draft.rename(kept)


def _digest() -> str:
    found = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            found.update(path.relative_to(ROOT).as_posix().encode())
            found.update(path.read_bytes())
    return found.hexdigest()[:20]


def _run(*command: str, url: str | None = None) -> None:
    environ = {**os.environ, "DATABASE_URL": url} if url else None
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stderr[-2000:]}"
