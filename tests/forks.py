"""The portal's code, loaded once for the whole run: processes are forked off it as `manage.py up` does it.

`python -m tests.forks SOCKET` serves them. A test may give a process its database and other settings.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from portal.embedded.launch import die_with_parent
from portal.supervisor import forkserver
from portal.supervisor.forked import Fork, Forked

ROOT = Path(__file__).parents[1]
SOCKET = "SIGNALBOX_TEST_FORKS"


class Process(Forked):
    """A forked process, with what tests ask of a `Popen` besides."""

    def wait(self, timeout: float = 90) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a forked process", timeout)
            time.sleep(0.01)
        self.stdout.close()
        return code

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Loaded:
    """A process that has loaded the portal's code under an environment."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self.path = path
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.forks", str(path)],
            cwd=ROOT,
            env=dict(environ),
            preexec_fn=die_with_parent(signal.SIGKILL),
        )

    def stop(self) -> None:
        """End it, and with it all that it began."""
        self._process.kill()
        self._process.wait()


def fork(
    *arguments: str,
    server: Path | None = None,
    fds: tuple[int, ...] = (),
    log: Path | None = None,
    **environ: str,
) -> Process:
    """Begin a process: `fork("manage.py", "gateway")`. What it says can be read, or goes to `log`."""
    path = server or Path(os.environ[SOCKET])
    changes = json.dumps({"log": log and str(log), "environ": environ})
    wanted = Fork(path, arguments[0], ("changed", changes, *arguments))
    return Process(wanted.wait_for_server(), fds=fds, orphan_signal=signal.SIGKILL)


def manage(*arguments: str, **environ: str) -> str:
    """Run a command of the portal to its end; what it said."""
    process = fork("manage.py", *arguments, **environ)
    said = process.stdout.read().decode()
    assert process.wait() == 0, said[-2000:]
    return said


def _changed(arguments: list[str]) -> int:
    """Run an entry as if the process had begun under another environment."""
    told, entry, *rest = arguments
    changes = json.loads(told)
    if changes["log"]:
        log = os.open(changes["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
    if changes["environ"]:
        _live_under(changes["environ"])
    return forkserver.ENTRIES[entry](rest)


def _live_under(environ: dict[str, str]) -> None:
    """The settings that a test gives to its processes; more belong in here once one gives more."""
    # Not above: the tests' own process reads its settings once the servers are known.
    from django.conf import settings

    from portal import env
    from portal import settings as loaded

    os.environ.update(environ)
    new = env.read(os.environ)
    settings.DATABASES["default"].update(loaded._database(new.database_url))
    settings.DATA_DIR, settings.OLLAMA_HOST = new.data_dir, new.ollama_host
    settings.LAKE_URL = new.lake_url


if __name__ == "__main__":
    forkserver.ENTRIES["changed"] = _changed
    sys.exit(forkserver.main(Path(sys.argv[1])))
