"""What a kind of gate is, and the list of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from apps.core.errors import Invalid
from apps.models.models import Gate, ModelVersion
from apps.projects.models import Environment


class Settings(BaseModel):
    """What one gate of a kind is set to."""

    model_config = ConfigDict(extra="forbid")

    def said(self) -> str:
        """What the gate asks for, in few words."""
        return ""


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Candidate:
    """The version that asks to enter, and where."""

    version: ModelVersion
    environment: Environment

    @property
    def metrics(self) -> dict[str, Any]:
        """The last value of each metric of its run."""
        return dict(self.version.run.metrics) if self.version.run else {}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a gate says about a candidate, in one sentence, with what it looked at."""

    passed: bool
    sentence: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """One kind of gate: what it is for, its settings and its check."""

    name: str
    title: str
    summary: str
    settings: type[S]
    check: Callable[[Candidate, S], Finding]


KINDS: dict[str, Kind[Any]] = {}


def register(kind: Kind[Any]) -> None:
    """Offer a kind of gate."""
    if kind.name in KINDS:
        raise ValueError(f"two kinds of gates are called {kind.name}")
    KINDS[kind.name] = kind


def checked(kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings as they are stored; `Invalid` names what cannot be used."""
    if kind not in KINDS:
        raise Invalid(field="kind", reason=f"one of {', '.join(sorted(KINDS))}")
    try:
        read = KINDS[kind].settings.model_validate(settings)
    except ValidationError as error:
        where, reason = _first(error)
        raise Invalid(field=".".join(["settings", *where]), reason=reason) from error
    stored: dict[str, Any] = read.model_dump(mode="json")
    return stored


def find(gate: Gate, candidate: Candidate) -> Finding:
    """Ask a gate about a candidate. What this portal cannot judge any more does not pass."""
    if (kind := KINDS.get(gate.kind)) is None:
        return Finding(False, f"The portal knows no gate of the kind {gate.kind} any more.")
    try:
        settings = kind.settings.model_validate(gate.settings)
    except ValidationError as error:
        where, reason = _first(error)
        sentence = f"The gate's settings are out of date ({'.'.join(where)}: {reason})."
        return Finding(False, f"{sentence} Declare it anew.")
    return kind.check(candidate, settings)


def said(gate: Gate) -> str:
    """What a declared gate asks for, in few words."""
    kind = KINDS.get(gate.kind)
    if kind is None:
        return gate.kind.replace("_", " ")
    try:
        return kind.settings.model_validate(gate.settings).said() or kind.title.lower()
    except ValidationError:
        return f"{kind.title.lower()}, with settings that are out of date"


def _first(error: ValidationError) -> tuple[list[str], str]:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return [str(part) for part in first["loc"]], str(first["msg"])
