"""Serves the chosen files of `node_modules` under `vendor/`: fonts and the chart library.

Without them the portal works: system fonts, and charts as the server draws them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Info
from django.core.files.storage import FileSystemStorage, Storage

PREFIX = "vendor"
Messages = list[CheckMessage]
_SCRIPTS = ("latin", "latin-ext", "cyrillic", "cyrillic-ext", "greek", "vietnamese")


def _font(short: str, package: str, scripts: Iterable[str]) -> dict[str, str]:
    folder = f"@fontsource-variable/{package}"
    files = (f"files/{package}-{script}-wght-normal.woff2" for script in scripts)
    return {f"{short}/{name}": f"{folder}/{name}" for name in ("wght.css", *files)}


# What is served, and where it lies in node_modules.
FILES = {
    "uplot/uPlot.iife.min.js": "uplot/dist/uPlot.iife.min.js",
    "uplot/uPlot.min.css": "uplot/dist/uPlot.min.css",
    **_font("inter", "inter", (*_SCRIPTS, "greek-ext")),
    **_font("mono", "jetbrains-mono", _SCRIPTS),
}
STYLES = ("inter/wght.css", "mono/wght.css", "uplot/uPlot.min.css")


def folder() -> Path:
    """Where npm put the packages: beside the portal, or where the settings say."""
    given = getattr(settings, "NODE_MODULES", None)
    return Path(given) if given else Path(__file__).resolve().parents[3] / "node_modules"


def found(name: str) -> bool:
    """Whether a vendored file is installed."""
    return name in FILES and (folder() / FILES[name]).is_file()


class NodeModules(FileSystemStorage):
    """Reads `inter/wght.css` from the package that holds it."""

    prefix = PREFIX

    def path(self, name: str) -> str:
        return str(folder() / FILES.get(str(name), str(name)))


class NodeModulesFinder(BaseFinder):
    """Finds `vendor/…` among the installed packages."""

    storage = NodeModules()

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        name = path.replace("\\", "/").removeprefix(f"{PREFIX}/")
        if not path.startswith(PREFIX) or not found(name):
            return []
        return [self.storage.path(name)] if find_all else self.storage.path(name)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        for name in FILES:
            if found(name):
                yield name, self.storage

    def check(self, **kwargs: Any) -> Messages:
        return missing()


def missing() -> Messages:
    """A hint, not an error: the pages work without these files."""
    absent = [name for name in FILES if not found(name)]
    if not absent:
        return []
    return [
        Info(
            f"{len(absent)} files of the fonts and the chart library are not installed.",
            hint="Run `npm ci` beside manage.py. Until then: system fonts, and charts that cannot be zoomed.",
            id="ui.I001",
        )
    ]
