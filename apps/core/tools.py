"""What the assistant may do, declared next to the code that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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

    @property
    def label(self) -> str:
        """What it reads, as an answer names it."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Found:
    """One record that a read tool found: what an answer may cite.

    `facts` are its sentences by what they answer, such as `serves` or `metric:accuracy`; each names its record.
    """

    kind: str
    id: str
    title: str
    url: str
    excerpt: str
    facts: Mapping[str, str] = field(default_factory=dict)


def told(kind: str, key: object, title: str, url: str, facts: Mapping[str, str]) -> Found:
    """A record that says its facts, one sentence each; empty ones are left out."""
    said = {name: text for name, text in facts.items() if text}
    return Found(kind, str(key), title, url, " ".join(said.values()), said)


def tool(*, writes: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Offer a function to the assistant. One that `writes` waits for a person's approval."""

    def declare(run: Callable[..., Any]) -> Callable[..., Any]:
        name = run.__name__
        if name in TOOLS:
            raise ValueError(f"two tools are named {name}")
        TOOLS[name] = Tool(name, getdoc(run) or "", run, writes)
        return run

    return declare
