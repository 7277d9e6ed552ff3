from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.accounts.models import User
from apps.projects.models import Project


@dataclass(frozen=True, slots=True)
class Change:
    """One write of a client's: who, where, and the fields of its body in MLflow's own spelling."""

    user: User
    project: Project
    method: str
    body: dict[str, Any]
    path: str = ""

    def text(self, name: str) -> str:
        """One field as a string; empty where it is missing."""
        value = self.body.get(name)
        return "" if value is None else str(value)
