"""Keep the catalog, the connectors' files, their documentation and their logos in step."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, Error, register

from apps.integrations import connectors
from apps.integrations.catalog import CATALOG

ROOT = Path(__file__).parents[2]


@register()
def catalog_matches_files(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    folder = Path(connectors.__path__[0])
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return [
        Error(f"{slug} is in the catalog or on disk, not in both", id="integrations.E001")
        for slug in sorted(files ^ set(CATALOG))
    ]


@register()
def connectors_are_documented(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"{path} is missing", hint="Every connector has one.", id="integrations.E002")
        for path in _missing()
    ]


def _missing() -> Iterable[str]:
    for line in CATALOG.values():
        if not (ROOT / line.docs).exists():
            yield line.docs
        if finders.find(line.logo) is None:
            yield f"static/{line.logo}"
