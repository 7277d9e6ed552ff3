"""What a runbook may have done: services of the portal, by name. Each app's verbs keep their own rights.

An action reads its plan with the rights of whoever looks, and runs with the rights of whoever runs it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser

from apps.core.access import Person, Role, allows
from apps.core.errors import Invalid
from apps.incidents.models import Incident


@dataclass(frozen=True, slots=True)
class Asked:
    """What a step asks for, in which incident, by whom."""

    user: Person
    incident: Incident
    argument: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen now: the deed, what it means, and the role that it takes."""

    title: str
    consequence: str
    needed: Role
    url: str = ""
    # What the deed rests on; it is another plan where one of these has changed.
    rests_on: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Two plans of the same digest do the same."""
        said = "\0".join((self.title, self.consequence, self.needed.label, *self.rests_on))
        return hashlib.sha256(said.encode()).hexdigest()

    def allowed(self, user: Person, incident: Incident) -> bool:
        """Whether the person holds the role that it takes."""
        return allows(user, incident.project_id, self.needed)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it, and the records that were made."""

    sentence: str
    data: dict[str, Any] = field(default_factory=dict)
    state: str = "done"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One verb. `follow` tells what became of it since, where it takes a while."""

    name: str
    usage: str
    says: str
    plan: Callable[[Asked], Plan]
    run: Callable[[Asked, AbstractUser], Outcome]
    follow: Callable[[Person, dict[str, Any]], Outcome | None] = lambda user, data: None
    patience: timedelta = timedelta(minutes=10)


_known: dict[str, Action] = {}


def register(action: Action) -> None:
    """Offer a verb to runbooks."""
    if _known.setdefault(action.name, action) is not action:
        raise ValueError(f"two actions are called {action.name}")


def known() -> list[Action]:
    """Every verb, by name."""
    return [_known[name] for name in sorted(_known)]


def find(text: str) -> Action | None:
    """The verb that a step names, where there is one."""
    return _known.get(text.strip().partition(" ")[0].lower())


def named(text: str) -> tuple[Action, str]:
    """The verb that a step names, and the rest of what it says."""
    name, _, argument = text.strip().partition(" ")
    if name.lower() not in _known:
        raise Invalid(
            field="action", reason=f"`{name[:40]}` is none; there are {', '.join(sorted(_known))}"
        )
    return _known[name.lower()], argument.strip()
