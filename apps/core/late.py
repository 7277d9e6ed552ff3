"""Heavy libraries that few requests need: imported when they are first used, not at every start."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _Late:
    """Stands for a module; each look at one of its names goes to the module itself."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


def late(name: str) -> Any:
    """The module of that name, not yet imported.

    Python's own `LazyLoader` is not used: up to 3.12 it shows a half-made module to a second thread.
    """
    return _Late(name)
