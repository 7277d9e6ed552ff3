"""One portal to a DATA_DIR: the kernel frees the lock however its holder ends."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path
from typing import TextIO

from portal.embedded.launch import CannotStart

ODD = re.compile(r"[\s,%?#&'\"\\]")


def take(data: Path) -> TextIO:
    """Hold the folder for as long as the answer is open, or say who does."""
    require_writable(data)
    file = (data / "up.lock").open("a+")
    if not _held(file):
        with file:
            raise CannotStart(
                f"Another portal (pid {_holder(file)}) runs on {data}; "
                "stop it, or set DATA_DIR and PORT for a second one"
            )
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def require_writable(data: Path) -> None:
    """Make the folder where it is missing, or say why it cannot be used."""
    if odd := ODD.search(str(data)):
        raise CannotStart(
            f"DATA_DIR: {data} has a {odd[0]!r} in its path, which addresses of sockets cannot hold; "
            "set DATA_DIR to a folder without it"
        )
    try:
        data.mkdir(parents=True, exist_ok=True)
        (data / "up.lock").open("a").close()
    except OSError as error:
        raise CannotStart(
            f"DATA_DIR: cannot write to {data} ({error.strerror}); "
            "set DATA_DIR to a folder you may write to"
        ) from error


def running(data: Path) -> bool:
    """Whether a portal holds the folder."""
    try:
        with (data / "up.lock").open("a+") as file:
            return not _held(file)
    except OSError:
        return False


def _held(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: TextIO) -> str:
    file.seek(0)
    return file.read().strip() or "unknown"
