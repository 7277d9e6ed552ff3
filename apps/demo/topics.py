"""What the demo's pages may listen to."""

from __future__ import annotations

from apps.core import live
from apps.core.access import Person
from apps.demo.selectors import may_look


def _demo(user: Person, key: str) -> bool:
    return key == "all" and may_look(user)


live.topic("demo", _demo)
