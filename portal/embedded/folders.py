"""The folder of the sockets."""

from __future__ import annotations

import os
from pathlib import Path

from portal.embedded.launch import CannotStart


def run_folder(path: Path) -> Path:
    """Make it, or refuse one below the temporary folder that somebody else made before us."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"DATA_DIR: cannot write to {path} ({error.strerror})") from error
    if path.is_symlink() or path.stat().st_uid != os.getuid():
        raise CannotStart(f"{path} belongs to another user; remove it, or set another DATA_DIR")
    # PostgreSQL may have to pass through as nobody; nobody needs to look around.
    path.chmod(0o711 if os.getuid() == 0 else 0o700)
    return path
