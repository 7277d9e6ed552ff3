"""Files on their way in: fetched, resumed, and compared with what was announced."""

from __future__ import annotations

import errno
import hashlib
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from apps.core.jobs import Progress
from apps.integrations.ports import HubFile, HubModel
from apps.models.errors import NoRoom, WrongDigest
from apps.models.hub import choose
from apps.models.hub.choose import Options
from apps.models.hub.origin import Origin

PIECE = 1024 * 1024
FILES, PARTS = "files", "parts"
LOOK_EVERY = 2.0  # seconds between two looks whether somebody wants it to stop


class Meter:
    """Tells a job's progress in bytes, in steps of five per cent."""

    def __init__(self, progress: Progress, verb: str, total: int, span: tuple[int, int]) -> None:
        self.progress = progress
        self.verb = verb
        self.total = total
        self.low, self.high = span
        self.done = 0
        self._told = -1
        self._looked_at = time.monotonic()

    def __call__(self, more: int) -> None:
        """Some bytes have come; a negative number takes some back."""
        self.done += more
        share = min(self.done / self.total, 1.0) if self.total else 1.0
        step = int(share * 20)
        if step > self._told:
            self._told = step
            note = f"{self.verb} {self.done} of {self.total} bytes"
            self.progress(self.low + share * (self.high - self.low), note)
        elif time.monotonic() - self._looked_at > LOOK_EVERY:
            self._looked_at = time.monotonic()
            self.progress.check()


def fetch(
    origin: Origin, model: HubModel, file: HubFile, folder: Path, heard: Callable[[int], None]
) -> Path:
    """One file, complete and as announced; what an earlier try left is taken up."""
    done, part = folder / FILES / file.path, folder / PARTS / file.path
    if done.is_file() and _fits(done, file):
        heard(file.size)
        return done
    for path in (done, part):
        path.parent.mkdir(parents=True, exist_ok=True)
    begun = _begun(part, file)
    heard(begun)
    _write(origin, model, file, part, heard)
    if not _fits(part, file):
        part.unlink()
        heard(-file.size)
        if not begun:
            raise WrongDigest(path=file.path)
        # What an earlier try left may be to blame, so the whole is asked for once more.
        return fetch(origin, model, file, folder, heard)
    part.rename(done)
    return done


def check(path: Path, file: HubFile, options: Options) -> None:
    """Look into a file that has arrived."""
    choose.check_content(file.path, path, options)


def _begun(part: Path, file: HubFile) -> int:
    """How much an earlier try left; more than there can be is thrown away."""
    size = part.stat().st_size if part.exists() else 0
    if size > file.size:
        part.unlink()
        return 0
    return size


def _write(
    origin: Origin, model: HubModel, file: HubFile, part: Path, heard: Callable[[int], None]
) -> None:
    try:
        origin.fetch(model, file, part, heard)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        free = shutil.disk_usage(part.parent).free
        raise NoRoom(needed=file.size, free=free) from error


def _fits(path: Path, file: HubFile) -> bool:
    """Whether the file has the size and the digest that its origin names."""
    if path.stat().st_size != file.size:
        return False
    if file.sha256:
        return _hashed(path, hashlib.sha256()) == file.sha256
    if file.blob:
        # Git's name for a content: a header, then the bytes.
        start = hashlib.sha1(b"blob %d\x00" % file.size, usedforsecurity=False)
        return _hashed(path, start) == file.blob
    return True


def _hashed(path: Path, digest: hashlib._Hash) -> str:
    with path.open("rb") as file:
        for piece in iter(partial(file.read, PIECE), b""):
            digest.update(piece)
    return digest.hexdigest()
