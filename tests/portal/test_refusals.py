"""What `manage.py up` cannot start with: one line that names the remedy, no traceback."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portal import env
from portal.embedded import lock
from portal.embedded.launch import CannotStart
from portal.supervisor import given
from tests.portal.polling import ROOT, environ, free_ports, left_over


def up(**names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=environ(**names),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    lines = (done.stderr + done.stdout).splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("", free_ports()))
        other.listen()
        port = other.getsockname()[1]
        line = one_line(up(DATA_DIR=str(tmp_path), PORT=str(port)))
    assert line == f"Port {port} is taken by another program; set PORT to a free one"
    assert not left_over(tmp_path)


def test_mlflows_port_that_is_taken(tmp_path: Path) -> None:
    port = free_ports()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + 2))
        other.listen()
        line = one_line(up(DATA_DIR=str(tmp_path), PORT=str(port)))
    assert line.startswith(f"MLflow: Port {port + 2} is taken by another program")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = one_line(up(DATA_DIR=str(tmp_path / "file" / "data")))
    assert "DATA_DIR: cannot write to" in line
    assert "set DATA_DIR to a folder you may write to" in line


@pytest.mark.parametrize("name", ["my data", "a,b", "50%"])
def test_a_folder_whose_name_no_address_can_hold(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotStart, match="set DATA_DIR to a folder without it"):
        lock.take(tmp_path / name)


def test_a_setting_that_is_no_number() -> None:
    line = one_line(up(PORT="eighty"))
    assert line == "PORT must be a whole number from 1 to 65535, not 'eighty'"


def test_a_given_database_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "PATIENCE", 0)
    for name, url in (
        ("DATABASE_URL", "postgresql://u:hidden@127.0.0.1:1/db"),
        ("REDIS_URL", "redis://:hidden@127.0.0.1:1/0"),
    ):
        with pytest.raises(CannotStart, match=f"^{name}: ") as caught:
            given.wait(env.read({"DATA_DIR": str(tmp_path), name: url}))
        assert "hidden" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_python_that_is_too_old(tmp_path: Path) -> None:
    old = tmp_path / "old.py"
    content = (ROOT / "manage.py").read_text().replace("sys.version_info <", "(3, 9) <")
    old.write_text(content)
    done = subprocess.run(
        [sys.executable, old], capture_output=True, text=True, timeout=240, check=False
    )
    assert one_line(done).startswith("Signalbox needs Python 3.11 or later")
