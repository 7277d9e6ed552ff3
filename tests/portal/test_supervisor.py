"""The supervisor over small programs of its own: real processes, a real kernel."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.portal.polling import ROOT, end, said, until

SLEEP = "exec sleep 600"
Row = tuple[str, str, str | None]


class House:
    """One supervisor in a folder."""

    def __init__(self, folder: Path, *stages: list[Row]) -> None:
        self.folder = folder
        self.out = folder / "out"
        (folder / "plan.json").write_text(json.dumps(stages))
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.portal.little_house", folder, folder / "plan.json"],
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, words: str) -> None:
        until(lambda: words in said(self.out), what=lambda: f"{words!r} in {said(self.out)}")

    def seen(self, name: str) -> dict[str, Any]:
        content = until(lambda: said(self.folder / "status.json"))
        processes = json.loads(content)["processes"]
        return next(process for process in processes if process["name"] == name)

    def once(self, name: str, state: str) -> dict[str, Any]:
        """What is kept of a program, once it is in this state: words may be faster than the file."""
        until(lambda: self.seen(name)["state"] == state, what=lambda: str(self.seen(name)))
        return self.seen(name)

    def pid(self, name: str) -> int:
        pid = until(lambda: self.seen(name)["pid"], what=f"{name} runs")
        assert isinstance(pid, int)
        return pid

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(180)


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    def build(*stages: list[Row]) -> House:
        built = House(tmp_path, *stages)
        request.addfinalizer(lambda: end(built.process))
        return built

    return build


def test_it_starts_again_what_was_killed_and_says_so(house: Any) -> None:
    at = house([("one", SLEEP, None)])
    at.wait_for("all ready")
    first = at.pid("one")

    os.kill(first, signal.SIGKILL)
    at.wait_for("one died (signal SIGKILL); starting again in")
    at.wait_for("one is back")

    second = at.once("one", "running")
    assert second["pid"] != first
    assert (second["state"], second["restarts"]) == ("running", 1)
    assert second["last_exit"] == "signal SIGKILL"


def test_it_says_the_last_words_of_what_died(house: Any) -> None:
    at = house(
        [("one", "test -e seen || { touch seen; sleep 600; }; echo no more disk; exit 3", None)]
    )
    at.wait_for("all ready")
    shell = psutil.Process(at.pid("one"))
    until(shell.children, what="it sleeps")[0].kill()
    at.wait_for("one died (status 3): no more disk; starting again in")


def test_it_ends_the_offspring_of_what_died(house: Any) -> None:
    at = house([("one", "sleep 600 & echo $! > child; wait", None)])
    child = psutil.Process(int(until(lambda: said(at.folder / "child").strip())))

    os.kill(at.pid("one"), signal.SIGKILL)
    until(lambda: not child.is_running(), what="the child is ended")


def test_it_waits_for_a_stage_before_the_next(house: Any) -> None:
    at = house([("one", SLEEP, "ready")], [("two", SLEEP, None)])
    until(lambda: at.seen("one")["state"] == "starting" and at.pid("one"))
    assert at.seen("two")["state"] == "waiting"

    (at.folder / "ready").touch()
    at.wait_for("all ready")
    at.once("two", "running")


def test_it_stops_in_reverse_order(house: Any) -> None:
    note = "trap 'echo {0} >> order; exit' TERM; while :; do sleep 0.01; done"
    stages = [[(name, note.format(name), None)] for name in ("one", "two", "three")]
    at = house(*stages)
    at.wait_for("all ready")

    assert at.stop() == 0
    assert said(at.folder / "order").split() == ["three", "two", "one"]
    assert at.seen("one")["state"] == "stopped"


def test_it_kills_what_does_not_stop(house: Any) -> None:
    at = house([("stubborn", "trap '' TERM; echo trapped; while :; do sleep 0.01; done", None)])
    at.wait_for("| trapped")
    process = psutil.Process(at.pid("stubborn"))

    assert at.stop() == 0
    assert not process.is_running()


def test_it_ends_and_restarts_what_falls_silent(house: Any) -> None:
    at = house([("one", SLEEP, "well")])
    (at.folder / "well").touch()
    at.wait_for("all ready")
    first = at.pid("one")

    (at.folder / "well").unlink()
    at.wait_for("one does not answer and is ended")
    (at.folder / "well").touch()
    at.wait_for("one is back")
    assert at.pid("one") != first


def test_it_gives_up_on_what_never_starts(house: Any) -> None:
    at = house([("broken", "echo wrong key; exit 1", "never")], [("two", SLEEP, None)])

    assert at.process.wait(180) == 1
    assert "broken does not start: died (status 1): wrong key" in said(at.out)
    assert at.seen("two")["pid"] is None


def test_it_keeps_every_process_words_in_a_log(house: Any) -> None:
    at = house([("one", "echo 100% ready; exec sleep 600", None)])
    at.wait_for("one       | 100% ready")
    until(lambda: "100% ready" in said(at.folder / "logs" / "one.log"))


def test_it_goes_on_when_nobody_reads_its_words(tmp_path: Path) -> None:
    chatter = (
        "i=0; while [ $i -lt 12000 ]; do echo word $i; i=$((i+1)); done; touch done; sleep 600"
    )
    (tmp_path / "plan.json").write_text(json.dumps([[["one", chatter, None]]]))
    command = [sys.executable, "-m", "tests.portal.little_house", tmp_path, tmp_path / "plan.json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        until((tmp_path / "done").exists, what="the program was not held up")
        process.terminate()
        assert process.wait(180) == 0
