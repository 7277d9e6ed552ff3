"""A fork server with small entries of its own: `python -m tests.portal.little_fork SOCKET`."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from portal.supervisor import forkserver


def _describe(arguments: list[str]) -> int:
    print(os.getpid() == os.getsid(0), os.isatty(0), *arguments)  # noqa: T201
    return 0


def _write(arguments: list[str]) -> int:
    os.write(int(arguments[0]), b"through the descriptor")
    return 0


def _open_files(_: list[str]) -> int:
    kinds = [os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")[:-1]]  # noqa: PTH115, PTH208
    print([kind for kind in kinds if kind.startswith("socket:")])  # noqa: T201
    return 0


def _die(arguments: list[str]) -> int:
    os.kill(os.getpid(), int(arguments[0]))
    return 0


def _fail(arguments: list[str]) -> int:
    raise RuntimeError(*arguments)


def _sleep(_: list[str]) -> int:
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    print("sleeps", flush=True)  # noqa: T201
    time.sleep(600)
    return 0


if __name__ == "__main__":
    forkserver.ENTRIES.update(
        describe=_describe,
        write=_write,
        files=_open_files,
        exit=lambda arguments: int(arguments[0]),
        die=_die,
        fail=_fail,
        sleep=_sleep,
    )
    sys.exit(forkserver.ForkServer(Path(sys.argv[1])).serve().run())
