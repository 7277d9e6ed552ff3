"""The fork server: real forks, over a real socket."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from portal.embedded.launch import CannotStart
from portal.supervisor.child import how_it_ended
from portal.supervisor.forked import Fork, Forked, answers
from tests.portal.polling import ROOT, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orphan signals are Linux's")


class Server:
    """A fork server with the entries of little_fork."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "fork.sock"
        command = [sys.executable, "-m", "tests.portal.little_fork", str(self.path)]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
        until(lambda: answers(self.path), what="it answers")

    def fork(self, *arguments: str, fds: tuple[int, ...] = ()) -> Forked:
        fork = Fork(self.path, "small", arguments)
        return Forked(fork, fds=fds, orphan_signal=signal.SIGTERM)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="sbx-fork-", dir="/tmp"))
    started = Server(folder)
    yield started
    started.end()
    shutil.rmtree(folder)


def code(forked: Forked) -> int:
    """How it ended; nothing more is heard of it then."""
    until(lambda: forked.poll() is not None, what="it ended")
    forked.stdout.close()
    assert forked.returncode is not None
    return forked.returncode


def words(forked: Forked) -> str:
    return forked.stdout.read().decode()


def test_it_runs_in_a_session_of_its_own_without_input(server: Server) -> None:
    forked = server.fork("describe", "one", "two words")
    assert words(forked) == "True False one two words\n"
    assert code(forked) == 0


def test_it_gets_descriptors_by_number(server: Server) -> None:
    readable, writable = os.pipe()
    forked = server.fork("write", "@0", fds=(writable,))
    os.close(writable)
    with os.fdopen(readable) as pipe:
        assert pipe.read() == "through the descriptor"  # and the end: nobody else holds it
    assert code(forked) == 0


def test_it_holds_nothing_of_the_server_or_of_others(server: Server) -> None:
    other = server.fork("sleep")
    forked = server.fork("files")
    assert words(forked) == "[]\n"
    assert code(forked) == 0
    other.send_signal(signal.SIGKILL)
    assert code(other) == -signal.SIGKILL


@pytest.mark.parametrize(
    ("arguments", "ended"),
    [
        (("exit", "0"), "status 0"),
        (("exit", "3"), "status 3"),
        (("die", str(int(signal.SIGKILL))), "signal SIGKILL"),
        (("die", str(int(signal.SIGTERM))), "signal SIGTERM"),
        (("fail", "no such luck"), "status 1"),
        (("no such entry",), "status 1"),
    ],
)
def test_it_says_how_each_ended(server: Server, arguments: tuple[str, ...], ended: str) -> None:
    forked = server.fork(*arguments)
    said = words(forked)
    assert how_it_ended(code(forked)) == ended
    assert ("no such luck" in said) == (arguments[0] == "fail")
    forked.send_signal(signal.SIGTERM)  # which no longer reaches anybody


def test_many_at_once_are_told_apart(server: Server) -> None:
    many = [server.fork("exit", str(number)) for number in range(40)]
    assert [code(forked) for forked in many] == list(range(40))


@pytest.mark.parametrize("said", [b"", b"{}\n", b"not json\n", b'{"arguments": 1}\n', b'{"a"'])
def test_what_is_no_request_does_it_no_harm(server: Server, said: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(server.path))
        line.sendall(said)
    assert answers(server.path)


def test_who_asked_and_went_is_not_missed(server: Server) -> None:
    forked = server.fork("exit", "0")
    forked.stdout.close()
    forked._line.close()
    until(lambda: not psutil.pid_exists(forked.pid), what="its end is taken note of")
    assert answers(server.path)


def test_its_socket_is_for_its_user_alone(server: Server) -> None:
    assert server.path.stat().st_mode & 0o777 == 0o600


def test_all_end_with_the_server() -> None:
    with tempfile.TemporaryDirectory(prefix="sbx-fork-", dir="/tmp") as folder:
        server = Server(Path(folder))
        forked = server.fork("sleep")
        assert forked.stdout.readline() == b"sleeps\n"
        assert forked.poll() is None
        server.end()
        assert code(forked) == -signal.SIGTERM
        with pytest.raises(CannotStart, match="fork server"):
            server.fork("exit", "0")
