"""One piece of evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# In the order in which somebody at three in the morning wants to read them.
ORDER = (
    "cause", "unknown", "candidate", "breach", "shift", "mismatch", "shape", "mix", "trend", "season",
    "slice", "upstream", "serving", "release", "last_good", "difference", "change", "sibling", "similar",
    "runbook", "owner", "on_call", "trouble",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of evidence: a sentence or two, and the record they come from.

    `steady` is what is compared with the pack before, where the text has figures that change at every look.
    """

    kind: str
    subject_kind: str
    subject_id: str
    title: str
    text: str
    url: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    steady: str = ""

    @property
    def compared(self) -> list[str]:
        """What makes it another item than one of the pack before."""
        said = self.steady or f"{self.title}\n{self.text}"
        return [self.kind, self.subject_kind, self.subject_id, said]


def place(item: Item) -> int:
    """Where items of this kind stand in the pack."""
    return ORDER.index(item.kind) if item.kind in ORDER else len(ORDER)
