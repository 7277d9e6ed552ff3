"""`python -m bench [NAME…]`."""

from __future__ import annotations

import importlib
import sys

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
        answer = importlib.import_module(f"bench.{name}").main()
        missed += answer or 0
        skipped += [name] if answer is None else []
    met = f"{missed} aims missed" if missed else "every aim met"
    print(f"{met}; skipped: {', '.join(skipped)}" if skipped else met)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
