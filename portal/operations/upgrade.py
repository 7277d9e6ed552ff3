"""What is kept before an upgrade changes tables."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from portal.env import ENV
from portal.operations import facts
from portal.operations.backup import back_up


def back_up_before_upgrade() -> Path:
    """Write a backup into DATA_DIR and answer where it is."""
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    path = ENV.data_dir / "backups" / f"before-upgrade-{moment}.tar.gz"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    back_up(ENV, to=path, version=facts.version(), migrations=facts.applied_migrations())
    return path
