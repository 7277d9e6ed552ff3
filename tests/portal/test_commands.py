"""Commands while no portal runs: they get the servers they need and leave none behind."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.commands import needs_database
from tests.portal.polling import ROOT, environ, left_over, until


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A workspace that was prepared once, by the first command that needed it."""
    folder = Path(tempfile.mkdtemp(prefix="sbx-cmd-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder / "d"
    shutil.rmtree(folder, ignore_errors=True)


def start(data: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environ(DATA_DIR=str(data)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def manage(data: Path, *arguments: str, words: str = "") -> subprocess.CompletedProcess[str]:
    with start(data, *arguments) as process:
        out, err = process.communicate(words, timeout=180)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def test_the_first_command_finds_a_prepared_workspace(data: Path) -> None:
    query = "from apps.accounts.models import User; print(User.objects.count())"
    done = manage(data, "shell", "--verbosity", "0", "--command", query)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) > 0
    assert "Starting Postgres for this command alone." in done.stderr
    assert not left_over(data)


def test_the_last_command_out_stops_the_servers(data: Path, tmp_path: Path) -> None:
    script = "import sys,pathlib; pathlib.Path({!r}).touch(); sys.stdin.read()"
    first = start(data, "shell", "-v0", "-c", script.format(str(tmp_path / "one")))
    until((tmp_path / "one").exists, seconds=300, what="the first is at work")
    second = start(data, "shell", "-v0", "-c", script.format(str(tmp_path / "two")))
    until((tmp_path / "two").exists, seconds=300, what="the second is at work")

    first.communicate("", timeout=180)
    assert first.returncode == 0
    assert left_over(data)

    _, err = second.communicate("", timeout=180)
    assert second.returncode == 0
    assert "Starting" not in err
    assert not left_over(data)


def test_a_command_that_is_stopped_stops_the_servers(data: Path, tmp_path: Path) -> None:
    script = f"import sys,pathlib; pathlib.Path({str(tmp_path / 'at')!r}).touch(); sys.stdin.read()"
    command = start(data, "shell", "-v0", "-c", script)
    until((tmp_path / "at").exists, seconds=300, what="it is at work")

    command.send_signal(signal.SIGTERM)
    command.communicate(timeout=180)
    assert command.returncode == 128 + signal.SIGTERM
    assert not left_over(data)


def test_a_backup_restores_into_an_empty_folder(data: Path, tmp_path: Path) -> None:
    other = data.with_name("other")
    query = "from apps.accounts.models import User; print(sorted(User.objects.values_list('id', 'password')))"
    archive = str(tmp_path / "b.tar.gz")

    assert "files" in manage(data, "backup", archive).stdout
    restored = manage(other, "restore", archive)
    assert restored.returncode == 0, restored.stderr
    assert "Restored the state of" in restored.stdout

    before = manage(data, "shell", "-v0", "-c", query).stdout
    assert before == manage(other, "shell", "-v0", "-c", query).stdout
    key = Path("secrets/field_encryption_key")
    assert (data / key).read_text() == (other / key).read_text()

    again = manage(other, "restore", archive)
    assert again.returncode == 1
    assert "restore --force" in again.stderr
    assert len(again.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["help"], ["check"], ["doctor"], ["up"], ["makemigrations", "--check"], ["token", "-h"]],
)
def test_what_needs_no_database(arguments: list[str]) -> None:
    assert not needs_database(arguments)


@pytest.mark.parametrize("arguments", [["migrate"], ["token", "ada"], ["backup", "x.tar"]])
def test_what_needs_a_database(arguments: list[str]) -> None:
    assert needs_database(arguments)
