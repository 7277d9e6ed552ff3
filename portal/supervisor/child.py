"""One life of one process: begun in its own session, heard, and ended with all its offspring."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import IO

from portal.embedded.launch import Launch, die_with_parent
from portal.supervisor.forked import Fork, Forked

LONGEST_LINE = 20_000
GLANCE = 0.1


class Child:
    """A running process, whose lines go to `hear`."""

    def __init__(
        self,
        launch: Launch | Fork,
        *,
        hear: Callable[[str], None],
        fds: tuple[int, ...] = (),
        orphan_signal: int = signal.SIGTERM,
    ) -> None:
        self.began = time.monotonic()
        self.last_words = ""
        self._hear = hear
        self._process: subprocess.Popen[bytes] | Forked
        if isinstance(launch, Fork):
            self._process = Forked(launch, fds=fds, orphan_signal=orphan_signal)
        else:
            self._process = _begin(launch, fds=fds, orphan_signal=orphan_signal)
        assert self._process.stdout
        self._listener = threading.Thread(
            target=self._listen, args=[self._process.stdout], daemon=True
        )
        self._listener.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lasted(self) -> float:
        return time.monotonic() - self.began

    async def wait(self) -> str:
        """Wait for its end, end what it left in its group, and say how it ended."""
        while self._process.poll() is None:
            await asyncio.sleep(GLANCE)
        self._signal_group(signal.SIGKILL)
        await asyncio.to_thread(self._listener.join, 2)
        return how_it_ended(self._process.poll() or 0)

    async def stop(self, number: int, *, seconds: float) -> None:
        """Ask it to end; kill it with its whole group when it does not in time."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
        deadline = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(GLANCE)
        self._signal_group(signal.SIGKILL)
        while self._process.poll() is None:
            await asyncio.sleep(GLANCE)

    def _signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _listen(self, pipe: IO[bytes]) -> None:
        with pipe:
            while line := pipe.readline(LONGEST_LINE):
                words = line.decode(errors="replace").rstrip()
                self.last_words = words or self.last_words
                self._hear(words)


def _begin(launch: Launch, *, fds: tuple[int, ...], orphan_signal: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        launch.command,
        env=dict(launch.environ),
        user=launch.uid,
        group=launch.gid,
        extra_groups=None if launch.uid is None else [],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=launch.folder,
        pass_fds=fds,
        start_new_session=True,
        preexec_fn=die_with_parent(orphan_signal),  # noqa: PLW1509
    )


def how_it_ended(code: int) -> str:
    """A return code in words."""
    if code >= 0:
        return f"status {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
