"""What the assistant may do, declared next to the code that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc
from typing import Any

TOOLS: dict[str, Tool] = {}


@dataclass(frozen=True, slots=True)
class Tool:
    """One thing the assistant may read, or propose when it `writes`."""

    name: str
    purpose: str
    run: Callable[..., Any]
    writes: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One record that a read tool found: what an answer may cite."""

    kind: str
    id: str
    title: str
    url: str
    excerpt: str


def tool(*, writes: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Offer a function to the assistant. One that `writes` waits for a person's approval."""

    def declare(run: Callable[..., Any]) -> Callable[..., Any]:
        name = run.__name__
        if name in TOOLS:
            raise ValueError(f"two tools are named {name}")
        TOOLS[name] = Tool(name, getdoc(run) or "", run, writes)
        return run

    return declare
