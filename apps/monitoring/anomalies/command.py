"""`manage.py anomalies SERIES.csv [--json]`: judges a file; needs no Django, so it starts at once."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from apps.core.errors import PortalError
from apps.monitoring.anomalies.reading import Series, read
from apps.monitoring.anomalies.spans import Scores, score

ABOUT = "Score each row of a series and name the stretches that stand out."


def describe(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "series", type=Path, help="CSV: timestamp,value; a first line may name them"
    )
    parser.add_argument("--json", action="store_true", help="scores and spans as one JSON object")


def main(arguments: Sequence[str]) -> int:
    """Answer the exit status: 1 where the file cannot be read."""
    parser = argparse.ArgumentParser("manage.py anomalies", description=ABOUT)
    describe(parser)
    return judge(**vars(parser.parse_args(arguments)))


def judge(series: Path, json: bool) -> int:  # named as the options are
    """Print what stands out in the file."""
    try:
        read_in = read(series)
    except PortalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    found = score(read_in.times, read_in.values)
    sys.stdout.write(as_json(read_in, found) if json else as_text(read_in, found))
    return 0


def as_json(series: Series, found: Scores) -> str:
    """`{threshold, scores, spans}`; one score for each row of the file."""
    return (
        json.dumps(
            {"threshold": found.threshold, "scores": found.values, "spans": spans(series, found)}
        )
        + "\n"
    )


def spans(series: Series, found: Scores) -> list[dict[str, Any]]:
    """The spans with the times as the file writes them."""
    return [
        {"start": series.written[each.start], "end": series.written[each.end], "score": each.score}
        for each in found.spans
    ]


def as_text(series: Series, found: Scores) -> str:
    """One line for each span, and how many rows were judged."""
    lines = [f"{s['start']} to {s['end']}  {s['score']:.2f}" for s in spans(series, found)]
    said = f"{len(found.values)} rows, {len(lines)} spans stand out"
    return "\n".join([*lines, f"{said} (threshold {found.threshold:.3f})", ""])
