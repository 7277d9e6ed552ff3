"""What happened to a model: versions, promotions, waivers, retirements, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from apps.core.ui import states
from apps.models.models import ModelVersion, Promotion, RegisteredModel, Waiver


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the time line."""

    time: datetime
    text: str
    icon: str
    tone: str = "idle"
    url: str = ""
    actor: str = ""
    detail: str = ""


def events(
    model: RegisteredModel,
    versions: Iterable[ModelVersion],
    promotions: Iterable[Promotion],
    waivers: Iterable[Waiver],
) -> list[Event]:
    """The events of what was handed in, newest first."""
    found = [*_registered(versions), *_promoted(promotions), *_waived(waivers)]
    if model.retired_at:
        said = model.retired_reason
        found.append(
            Event(model.retired_at, "The model was retired", "folder-open", "warn", detail=said)
        )
    return sorted(found, key=lambda event: event.time, reverse=True)


def _registered(versions: Iterable[ModelVersion]) -> Iterator[Event]:
    for version in versions:
        actor = str(version.registered_by or "")
        text, url = f"Version {version.number} registered", version.get_absolute_url()
        yield Event(version.created_at, text, "model", "accent", url, actor)
        if version.retired_at:
            text, said = f"Version {version.number} retired", version.retired_reason
            yield Event(version.retired_at, text, "folder-open", "warn", url, detail=said)


def _promoted(promotions: Iterable[Promotion]) -> Iterator[Event]:
    for promotion in promotions:
        look = states.look(promotion.state)
        where = f"version {promotion.version.number} to {promotion.environment.name}"
        decision = getattr(promotion, "decision", None)
        yield Event(
            promotion.ended_at or promotion.requested_at,
            f"{look.word}: {where}",
            look.icon,
            look.tone,
            promotion.get_absolute_url(),
            str(promotion.requested_by),
            f"{decision.by} {decision.verdict} it. {decision.note}" if decision else promotion.note,
        )


def _waived(waivers: Iterable[Waiver]) -> Iterator[Event]:
    for waiver in waivers:
        text = f"A gate was waived for version {waiver.version.number}"
        url = waiver.version.get_absolute_url()
        yield Event(waiver.at, text, "shield", "warn", url, str(waiver.by), waiver.reason)
