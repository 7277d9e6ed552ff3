"""A durable local journal: what a gateway answered is on disk before the answer leaves.

Frames are `length, crc32, bytes`. Writers of one moment share one fdatasync. A segment that is
full or old is sealed, shipped to the database in one transaction under its own name, and deleted.
One that a killed process left open is sealed at the next start, and its torn last frame, which
nobody was told of, is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import struct
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

HEAD = struct.Struct("<II")
SEGMENT_BYTES = 16 * 1024 * 1024
SEGMENT_SECONDS = 1.0
OPEN, SEALED = ".open", ".sealed"

Done = Callable[[OSError | None], object]
Group = list[tuple[bytes, Done]]


class Journal:
    """Appends frames to segments in one folder. One process owns a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.waiting: Group = []
        self.writing = self.called = False
        self.loop: asyncio.AbstractEventLoop | None = None
        # What the thread is to write; an empty group: look whether the segment is old.
        self.groups: SimpleQueue[Group | None] = SimpleQueue()
        self.segment = _Segment(folder)
        self.thread = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self.thread.start()

    def append(self, frame: bytes, done: Done) -> None:
        """Call `done` once the frame is on disk, with the error where the disk refuses it."""
        self.waiting.append((frame, done))
        if not self.writing and not self.called:
            # At the end of this turn of the loop: who comes in the same turn shares its write.
            self.called = True
            self.loop = self.loop or asyncio.get_running_loop()
            self.loop.call_soon(self._send)

    def _send(self) -> None:
        self.called = False
        if self.waiting and not self.writing:
            group, self.waiting, self.writing = self.waiting, [], True
            self.groups.put(group)

    def _written(self, group: Group, error: OSError | None) -> None:
        self.writing = False
        self._send()  # first: the disk works while the answers leave
        for _, done in group:
            done(error)

    def tick(self) -> None:
        """Seal the open segment where it is old enough to be shipped."""
        self.groups.put([])

    def close(self) -> None:
        """Seal what is open. Nothing may be appended afterwards."""
        self.groups.put(None)
        self.thread.join()

    def _write_all(self) -> None:
        """The thread: one group after the other."""
        while (group := self.groups.get()) is not None:
            if not group:
                self.segment.seal_if_old()
                continue
            error = self.segment.write(group)
            assert self.loop is not None
            with contextlib.suppress(RuntimeError):  # the loop is gone, and with it who waited
                self.loop.call_soon_threadsafe(self._written, group, error)
        self.segment.seal()


class _Segment:
    """The file that is open; each has a name of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder
        self.descriptor: int | None = None
        self.size, self.opened_at = 0, 0.0

    def write(self, group: Group) -> OSError | None:
        """Append a group durably, or not at all."""
        block = b"".join([part for frame, _ in group for part in (head(frame), frame)])
        try:
            descriptor = self._open() if self.descriptor is None else self.descriptor
            _write_whole(descriptor, block)
            os.fdatasync(descriptor)
        except OSError as error:
            self._give_up()
            return error
        self.size += len(block)
        if self.size >= SEGMENT_BYTES:
            self.seal()
        return None

    def _open(self) -> int:
        # The name sorts by time and is unique for ever: the database knows a shipped segment by it.
        self.path = self.folder / f"{time.time_ns():020d}-{uuid.uuid4().hex}{OPEN}"
        self.descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.size, self.opened_at = 0, time.monotonic()
        _sync_folder(self.folder)
        return self.descriptor

    def _give_up(self) -> None:
        """Keep what was acknowledged, and nothing of what was not: no frame may follow a torn one."""
        if self.descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self.descriptor, self.size)
        self.seal()

    def seal(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
            self.path.rename(self.path.with_suffix(SEALED))

    def seal_if_old(self) -> None:
        if self.size and time.monotonic() - self.opened_at >= SEGMENT_SECONDS:
            self.seal()


def _write_whole(descriptor: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def head(frame: bytes) -> bytes:
    """What stands before a frame on disk."""
    return HEAD.pack(len(frame), zlib.crc32(frame))


def frames(segment: Path) -> Iterator[bytes]:
    """The whole frames of a segment; a torn tail ends it."""
    data = segment.read_bytes()
    at = 0
    while at + HEAD.size <= len(data):
        length, check = HEAD.unpack_from(data, at)
        frame = data[at + HEAD.size : at + HEAD.size + length]
        if not length or len(frame) < length or zlib.crc32(frame) != check:
            return
        yield frame
        at += HEAD.size + length


def own(folder: Path, name: str = "lock") -> int:
    """Wait until no other process owns the folder, and own it until the descriptor is closed."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def recover(folder: Path) -> None:
    """Seal what an earlier process left open."""
    for path in folder.glob(f"*{OPEN}"):
        path.rename(path.with_suffix(SEALED))


def sealed(folder: Path) -> list[Path]:
    """The segments ready to be shipped, oldest first."""
    return sorted(folder.glob(f"*{SEALED}"))
