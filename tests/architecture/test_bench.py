"""What `python -m bench` offers is what stands in bench/."""

from __future__ import annotations

from bench.__main__ import BENCHES
from tests.architecture.sources import ROOT


def test_every_bench_can_be_asked_for_by_name() -> None:
    written = {
        path.stem
        for path in (ROOT / "bench").glob("*.py")
        if "\ndef main() -> int" in path.read_text()
    }
    assert written
    assert written == set(BENCHES), "bench/__main__.py and the modules with a main() differ"
