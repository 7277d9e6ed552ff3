"""What a model server of this machine wrote: bounded, without control characters and secrets."""

from __future__ import annotations

import os
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from apps.core.http.redact import redact
from apps.deployments.models import Replica

MOST_BYTES = 64 * 1024  # of one look; following goes on from there
MOST_DOWNLOADED = 1024 * 1024
LONGEST_LINE = 4_000
SETTLED_SECONDS = 2.0  # after which an unfinished line counts as a line

_BEGIN, _END = b"-----BEGIN ", b"-----END "
_A_KEY = "-----BEGIN PRIVATE KEY-----"
_COLOURS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
# Also what turns the direction of writing around, or cannot be seen at all.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some of a log: its lines, where they end in the file, and whether there are earlier ones."""

    lines: list[str]
    end: int
    cut: bool = False
    # The file was begun anew since the last look: the model server was started again.
    anew: bool = False
    # Why there is nothing to read, where the log is not here.
    away: str = ""


def path(replica_id: int) -> Path:
    """Where the runner lets a model server write."""
    return Path(settings.DATA_DIR) / "logs" / "models" / f"{replica_id}.log"


def tail(replica: Replica, *, most: int = MOST_BYTES) -> Stretch:
    """The end of the log."""
    return _read(replica, None, most)


def after(replica: Replica, offset: int) -> Stretch:
    """What came since `offset`; from the beginning where the file was begun anew since."""
    return _read(replica, offset, MOST_BYTES)


def _read(replica: Replica, offset: int | None, most: int) -> Stretch:
    file = path(replica.pk)
    try:
        with file.open("rb") as log:
            return _stretch(log, offset, most)
    except FileNotFoundError:
        return Stretch([], 0, away=_where(replica))


def _where(replica: Replica) -> str:
    if replica.handle:
        return f"It runs as {replica.handle} on its target, which keeps the log."
    if replica.node and replica.node != socket.gethostname():
        return f"It runs on {replica.node}, which keeps the log."
    return ""


def _stretch(log: BinaryIO, offset: int | None, most: int) -> Stretch:
    size = log.seek(0, os.SEEK_END)
    anew = offset is not None and offset > size
    wanted = 0 if offset is None or anew else offset
    start = max(wanted, size - most)
    secret = _inside_a_key(log, start)
    log.seek(start)
    data = log.read(most)
    if (
        start > wanted
    ):  # the first line lost its beginning, perhaps with the word that told a secret
        data, start = _from_next_line(data, start)
    data = data[: _whole(log, data)]
    lines = _lines(data, secret) if data else []
    return Stretch(lines, start + len(data), start > wanted, anew)


def _inside_a_key(log: BinaryIO, start: int) -> bool:
    """Whether a private key that began before `start` has not ended there."""
    log.seek(max(start - MOST_BYTES, 0))
    before = log.read(min(start, MOST_BYTES))
    return before.rfind(_BEGIN) > before.rfind(_END)


def _from_next_line(data: bytes, start: int) -> tuple[bytes, int]:
    skipped = data.find(b"\n") + 1
    return data[skipped:], start + skipped


def _whole(log: BinaryIO, data: bytes) -> int:
    """How much of it to show: an unfinished line waits until the rest has come, or nothing more comes."""
    end = data.rfind(b"\n") + 1
    settled = time.time() - os.fstat(log.fileno()).st_mtime > SETTLED_SECONDS
    endless = not end and len(data) >= MOST_BYTES
    return len(data) if settled or endless else end


def _lines(data: bytes, inside_a_key: bool) -> list[str]:
    plain = _COLOURS.sub("", data.decode(errors="replace"))
    # A progress bar writes over itself; what it said last is what a terminal would show.
    kept = [line.rstrip("\r").rpartition("\r")[2] for line in plain.rstrip("\n").split("\n")]
    text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", "\n".join(kept))
    told = redact(f"{_A_KEY}\n{text}" if inside_a_key else text)
    return [line[:LONGEST_LINE] for line in told.split("\n")]
