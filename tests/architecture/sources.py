"""The files of the project, read once for all rules."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FACES = {"views", "api", "tasks", "tools", "consumers", "forms", "admin", "urls", "management"}
AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One file of Python."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.as_posix()

    @property
    def app(self) -> str:
        """The app it belongs to; empty outside of apps."""
        return self.path.parts[1] if self.path.parts[0] == "apps" else ""

    @property
    def inside(self) -> set[str]:
        """The names between the app and the file, the file's own too."""
        return {*self.path.parts[2:-1], self.path.stem}

    @property
    def is_face(self) -> bool:
        return bool(self.app) and bool(FACES & self.inside)

    def functions(self) -> Iterator[AnyFunction]:
        for node in ast.walk(self.tree):
            if isinstance(node, AnyFunction):
                yield node

    def imported(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)


@cache
def tracked() -> list[Path]:
    """Every file that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    found = sorted({Path(name) for name in listed.split("\0") if name})
    return [path for path in found if (ROOT / path).is_file()]


@cache
def modules() -> list[Module]:
    """Our own Python: apps and portal, without migrations."""
    found = []
    for path in tracked():
        ours = path.suffix == ".py" and path.parts[0] in {"apps", "portal"}
        if ours and "migrations" not in path.parts:
            text = (ROOT / path).read_text()
            found.append(Module(path, text, ast.parse(text)))
    return found


def length(node: AnyFunction) -> int:
    """Lines of a function, decorators not counted."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def texts(*suffixes: str, under: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """The files of some kinds below some folders, with what stands in them."""
    for path in tracked():
        if path.suffix in suffixes and path.parts[0] in under:
            yield path, (ROOT / path).read_text()
