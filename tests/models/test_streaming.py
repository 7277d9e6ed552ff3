"""Files of any size pass both ways in constant memory, and whoever breaks off in the middle is noticed."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import socket
import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.models.site import Site, running_site
from tests.models.upstream import PIECE, Files, files
from tests.portal.polling import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FILE = "/mlflow/api/2.0/mlflow-artifacts/artifacts/1/model.bin"
MB = 1024 * 1024
GROWTH = 48 * MB


@pytest.fixture(scope="module")
def upstream() -> Iterator[Files]:
    with files() as server:
        yield server


@pytest.fixture(scope="module")
def portal(upstream: Files) -> Iterator[Site]:
    """A portal whose MLflow is the scripted one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_MLFLOW_URL", upstream.url)
        with running_site() as started:
            assert (
                started.ask("cora", "GET", f"{FILE}?size=1").status == 200
            )  # the workspace is made
            yield started


@pytest.fixture(autouse=True)
def fresh(upstream: Files) -> None:
    upstream.forget()


def begun(site: Site, method: str, path: str, who: str = "cora") -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(urlsplit(site.address).netloc, timeout=120)
    connection.putrequest(method, path)
    connection.putheader("Authorization", f"Bearer {site.tokens[who]}")
    return connection


def put(site: Site, size: int, *, chunked: bool = False, path: str = FILE) -> int:
    """Upload the pattern, piece by piece."""
    connection = begun(site, "PUT", path)
    name = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(size))
    connection.putheader(*name)
    connection.endheaders()
    for piece in pieces(size):
        connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
    if chunked:
        connection.send(b"0\r\n\r\n")
    with contextlib.closing(connection):
        return connection.getresponse().status


def pieces(size: int) -> Iterator[bytes]:
    for _ in repeat(None, size // len(PIECE)):
        yield PIECE
    if size % len(PIECE):
        yield PIECE[: size % len(PIECE)]


def digest(size: int) -> str:
    whole = hashlib.sha256()
    for piece in pieces(size):
        whole.update(piece)
    return whole.hexdigest()


def web(site: Site) -> psutil.Process:
    """The process that listens on the portal's port."""
    port = urlsplit(site.address).port
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(
                each.laddr.port == port and each.status == "LISTEN"
                for each in process.net_connections()
            ):
                return process
    raise AssertionError("nobody listens")


def forgotten(process: psutil.Process) -> int:
    """What the process holds now, in bytes; its peak counts from here."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    return int(process.memory_info().rss)


def peak(process: psutil.Process) -> int:
    """The most memory that the process held since, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 5 * MB + 3])
def test_every_size_arrives_whole(portal: Site, upstream: Files, size: int, chunked: bool) -> None:
    assert put(portal, size, chunked=chunked) == 200
    assert (upstream.received, upstream.digest) == (size, digest(size))
    given = portal.ask("carol", "GET", f"{FILE}?size={size}").body
    assert (len(given), hashlib.sha256(given).hexdigest()) == (size, digest(size))


def test_gigabytes_go_up_in_constant_memory(portal: Site, upstream: Files) -> None:
    process, size = web(portal), 2048 * MB
    put(portal, 8 * MB)
    before = forgotten(process)
    upstream.forget()
    assert put(portal, size) == 200
    assert upstream.received == size
    grown = peak(process) - before
    print(f"2 GB up: the web process grew by {grown / MB:.1f} MB")
    assert grown < GROWTH


def test_gigabytes_come_down_in_constant_memory(portal: Site, upstream: Files) -> None:
    process, size, read = web(portal), 2048 * MB, 0
    portal.ask("carol", "GET", f"{FILE}?size={8 * MB}")
    before = forgotten(process)
    connection = begun(portal, "GET", f"{FILE}?size={size}")
    connection.endheaders()
    with contextlib.closing(connection):
        answer = connection.getresponse()
        while piece := answer.read(MB):
            read += len(piece)
    grown = peak(process) - before
    print(f"2 GB down: the web process grew by {grown / MB:.1f} MB")
    assert read == size
    assert grown < GROWTH


def test_a_slow_reader_holds_the_server_back_not_the_portal(portal: Site, upstream: Files) -> None:
    connection = begun(portal, "GET", f"{FILE}?size={1024 * MB}")
    connection.endheaders()
    with contextlib.closing(connection):
        answer = connection.getresponse()
        assert len(answer.read(MB)) == MB
        held = settled(upstream)
        assert held < 64 * MB
        answer.close()
    until(upstream.broken.is_set, what="MLflow hears that the reader left")


def settled(upstream: Files) -> int:
    """How much was sent once nothing more is, for as long as a hundred looks."""
    seen, same = -1, 0
    deadline = time.monotonic() + 60
    while same < 100 and time.monotonic() < deadline:
        same = same + 1 if upstream.sent == seen else 0
        seen = upstream.sent
        upstream.broken.wait(0.01)
    return seen


def test_an_upload_that_breaks_off_is_no_whole_file(portal: Site, upstream: Files) -> None:
    connection = begun(portal, "PUT", FILE)
    connection.putheader("Content-Length", str(512 * MB))
    connection.endheaders()
    for piece in pieces(4 * MB):
        connection.send(piece)
    until(lambda: upstream.received > MB, what="MLflow has some of it")
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
    until(upstream.broken.is_set, what="MLflow hears that the upload broke off")
    assert upstream.digest == ""
    assert put(portal, 3) == 200


@pytest.mark.parametrize("until_byte", [0, 1, 3 * MB])
def test_a_file_that_breaks_off_is_no_whole_answer(portal: Site, until_byte: int) -> None:
    connection = begun(portal, "GET", f"{FILE}?size={8 * MB}&until={until_byte}")
    connection.endheaders()
    with contextlib.closing(connection):
        answer = connection.getresponse()
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
    assert portal.ask("carol", "GET", f"{FILE}?size=3").body == PIECE[:3]


def test_a_refusal_before_the_body_is_through_reaches_the_client(portal: Site) -> None:
    assert put(portal, 65536, path=f"{FILE}/early") == 400


def test_many_at_once_do_not_wait_for_a_slow_one(portal: Site) -> None:
    slow = begun(portal, "GET", f"{FILE}?size={256 * MB}")
    slow.endheaders()
    with contextlib.closing(slow):
        answer = slow.getresponse()
        assert answer.read(1) == PIECE[:1]
        for _ in range(20):
            assert portal.ask("carol", "GET", f"{FILE}?size=9").body == PIECE[:9]
        answer.close()


def test_without_a_server_the_client_is_told_when_to_come_back(portal: Site) -> None:
    with portal.other_web(MLFLOW_TRACKING_URI="http://127.0.0.1:9") as other:
        answer = other.ask("carol", "GET", f"{FILE}?size=1")
        assert (answer.status, answer.json["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
        assert answer.headers["retry-after"] == "5"
