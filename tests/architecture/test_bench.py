"""What `python -m bench` offers is what stands in bench/."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import search
from bench.__main__ import BENCHES, main
from tests.architecture.sources import ROOT


def test_every_bench_can_be_asked_for_by_name() -> None:
    written = {
        path.stem
        for path in (ROOT / "bench").glob("*.py")
        if "\ndef main() -> int" in path.read_text()
    }
    assert written
    assert written == set(BENCHES), "bench/__main__.py and the modules with a main() differ"


def test_a_bench_that_was_skipped_met_no_aim(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(search, "RUNBOOKS", tmp_path / "nowhere")
    assert main(["search"]) == 0
    said = capsys.readouterr().out
    assert "search skipped: set BENCH_RUNBOOKS" in said
    assert "aim" not in said
