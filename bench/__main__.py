"""`python -m bench [NAME…]`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from bench import Skipped

BENCHES = (
    "runs",
    "gateway",
    "judge",
    "serving",
    "monitors",
    "anomalies",
    "ingest",
    "drift",
    "year",
    "profile",
    "alerts",
    "search",
    "assistant",
    "start",
    "soak",
)


def main(names: list[str]) -> int:
    """Run the benches of these names; how many aims were missed."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"No bench is called {', '.join(unknown)}; there are {', '.join(BENCHES)}.")
        return 2
    missed, skipped = 0, []
    for name in names or BENCHES:
        try:
            missed += importlib.import_module(f"bench.{name}").main()
        except Skipped as why:
            print(f"{name} skipped: {why}")
            skipped.append(name)
    print(_said(missed, names or BENCHES, skipped))
    return 1 if missed else 0


def _said(missed: int, names: Sequence[str], skipped: Sequence[str]) -> str:
    """What the run has shown; nothing where all of it was skipped."""
    if len(skipped) == len(names):
        return "nothing was measured"
    met = f"{missed} aims missed" if missed else "every aim met"
    return f"{met}; skipped: {', '.join(skipped)}" if skipped else met


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
