"""A durable local journal: what a gateway answered is on disk before the answer leaves.

Frames are `length, crc32, bytes`. Writers of one moment share one fdatasync. A segment that is
full or old is sealed, shipped to the database in one transaction under its own name, and deleted.
One that a killed process left open is sealed at the next start, and its torn last frame, which
nobody was told of, is dropped.
"""

from __future__ import annotations

import asyncio
import os
import struct
import time
import uuid
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HEAD = struct.Struct("<II")
SEGMENT_BYTES = 16 * 1024 * 1024
SEGMENT_SECONDS = 1.0
OPEN, SEALED = ".open", ".sealed"


class Journal:
    """Appends frames to segments in one folder. One process owns a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self.writing: asyncio.Task[None] | None = None
        self.disk = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self.descriptor: int | None = None
        self.path = folder
        self.size = 0
        self.opened_at = 0.0

    async def append(self, frame: bytes) -> None:
        """Return once the frame is on disk; `OSError` where the disk refuses it."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((frame, future))
        if self.writing is None or self.writing.done():
            self.writing = asyncio.create_task(self._drain())
        await future

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self.waiting:
            group, self.waiting = self.waiting, []
            block = b"".join(encode(frame) for frame, _ in group)
            try:
                await loop.run_in_executor(self.disk, self._write, block)
            except OSError as error:
                _settle(group, error)
            else:
                _settle(group, None)

    def _write(self, block: bytes) -> None:
        if self.descriptor is None:
            self._open()
        assert self.descriptor is not None
        _write_all(self.descriptor, block)
        os.fdatasync(self.descriptor)
        self.size += len(block)
        if self.size >= SEGMENT_BYTES:
            self._seal()

    def _open(self) -> None:
        # The name sorts by time and is unique for ever: the database knows a shipped segment by it.
        self.path = self.folder / f"{time.time_ns():020d}-{uuid.uuid4().hex}{OPEN}"
        self.descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.size, self.opened_at = 0, time.monotonic()

    def _seal(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
            self.path.rename(self.path.with_suffix(SEALED))

    def _seal_if_old(self) -> None:
        if self.size and time.monotonic() - self.opened_at >= SEGMENT_SECONDS:
            self._seal()

    async def tick(self) -> None:
        """Seal the open segment when it is old enough to be shipped."""
        await asyncio.get_running_loop().run_in_executor(self.disk, self._seal_if_old)

    def close(self) -> None:
        """Seal what is open. Nothing may be appended afterwards."""
        self.disk.submit(self._seal).result()
        self.disk.shutdown()


def _settle(group: list[tuple[bytes, asyncio.Future[None]]], error: OSError | None) -> None:
    for _, future in group:
        if future.done():
            continue  # its caller went away
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def _write_all(descriptor: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(descriptor, view) :]


def encode(frame: bytes) -> bytes:
    """One frame as it stands on disk."""
    return HEAD.pack(len(frame), zlib.crc32(frame)) + frame


def frames(segment: Path) -> Iterator[bytes]:
    """The whole frames of a segment; a torn tail ends it."""
    data = segment.read_bytes()
    at = 0
    while at + HEAD.size <= len(data):
        length, check = HEAD.unpack_from(data, at)
        frame = data[at + HEAD.size : at + HEAD.size + length]
        if len(frame) < length or zlib.crc32(frame) != check:
            return
        yield frame
        at += HEAD.size + length


def recover(folder: Path) -> None:
    """Seal what an earlier process left open."""
    for path in folder.glob(f"*{OPEN}"):
        path.rename(path.with_suffix(SEALED))


def sealed(folder: Path) -> list[Path]:
    """The segments ready to be shipped, oldest first."""
    return sorted(folder.glob(f"*{SEALED}"))
