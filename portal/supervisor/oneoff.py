"""Prepares the database by one command, run to its end, with its lines passed on like any process's."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from portal.supervisor.child import Child
from portal.supervisor.forked import Fork
from portal.supervisor.program import StartFailed
from portal.supervisor.voice import Voice


async def prepare(*, fork_server: Path, voice: Voice) -> str:
    """Bring the database to this version and fill an empty one; answer how to sign in."""
    readable, writable = os.pipe()
    child = Child(
        Fork(fork_server, "prepare", ("manage.py", "prepare", "--sign-in-to", "@0")),
        hear=lambda words: voice.line("prepare", words),
        fds=(writable,),
    )
    os.close(writable)
    ended = False
    try:
        how = await child.wait()
        ended = True
    finally:
        if not ended:
            await child.stop(signal.SIGTERM, seconds=5)
    with os.fdopen(readable) as answer:
        if how != "status 0":
            raise StartFailed(f"the database cannot be prepared ({how}): {child.last_words}")
        return answer.read()
