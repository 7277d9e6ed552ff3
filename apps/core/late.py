"""Heavy libraries that few requests need: imported when they are first used, not at every start."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class _Late:
    """Stands for a module; each look at one of its names goes to the module itself."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: ModuleType | None = None

    def __getattr__(self, attribute: str) -> Any:
        if self._module is None:
            self._module = import_module(self._name)
        return getattr(self._module, attribute)


def late(name: str) -> Any:
    """The module of that name, not yet imported.

    Python's own `LazyLoader` is not used: up to 3.12 it shows a half-made module to a second thread.
    """
    return _Late(name)
