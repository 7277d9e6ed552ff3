"""What the logs of a portal say that they should not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

BAD = re.compile(r"\bERROR\b|\bCRITICAL\b|\bFATAL\b|\bPANIC\b|Traceback")
MOMENT = re.compile(r"^(?:\d{4}-\d\d-\d\d[ T][\d:,.]+(?: UTC)?(?: \[\d+\])? ?)+")
NUMBER = re.compile(r"\d+")
# Said at each start: by MLflow (docs/decisions/demo.md), and to the supervisor that asks whether the database is there.
KNOWN = (
    'duplicate key value violates unique constraint "experiment_pk"',
    "the database system is starting up",
)


def read_logs(folder: Path) -> int:
    """Print each distinct bad line with its count; how many there are."""
    found: Counter[str] = Counter()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        found.update(f"{path.name.split('.')[0]}: {line}" for line in bad_lines(path))
    for line, count in found.most_common():
        print(f"LOG {count:5} x {line[:300]}")
    print(f"{len(found)} distinct errors in the logs (aim 0)")
    return len(found)


def bad_lines(path: Path) -> Iterator[str]:
    """Each bad line without its moment and its numbers; a traceback by its last line."""
    lines = [MOMENT.sub("", line) for line in path.read_text(errors="replace").splitlines()]
    for place, line in enumerate(lines):
        if BAD.search(line) and not any(known in line for known in KNOWN):
            said = _end_of_traceback(lines[place + 1 :]) if "Traceback" in line else line
            yield NUMBER.sub("N", said)


def _end_of_traceback(rest: list[str]) -> str:
    found = next((line for line in rest if line and not line.startswith((" ", "\t"))), "")
    return f"Traceback: {found}"
