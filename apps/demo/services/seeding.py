"""Setting the demo up, step by step. What a step finds it does not make again, so any stop can be gone on from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.utils import timezone

from apps.core import live
from apps.demo.choices import TOPIC, DemoState
from apps.demo.errors import DemoNotReady
from apps.demo.models import Demo
from apps.demo.services import cast, furnishing
from apps.demo.services.lifecycle import let_in
from apps.demo.worlds import WORLDS
from apps.ledger.services import record

Tell = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `act` answers whether it is over; one that waits for others is asked again."""

    name: str
    says: str
    act: Callable[[Demo], bool]


def steps() -> Iterator[Step]:
    """All of them in their order; what takes long in other processes is asked for before it is waited for."""
    yield Step("people", "Letting the demo's people in", _people)
    for place in WORLDS:
        yield Step(f"project:{place.slug}", f"Opening {place.name}",
                   partial(furnishing.open_project, place=place))  # fmt: skip
    yield Step("stranger", "Opening a stranger's project", furnishing.open_elsewhere)
    for name, says, act in (
        ("train", "Training models: {}", furnishing.train),
        ("ask:1", "Asking for version 1: {}", partial(furnishing.ask, number=1)),
        ("release:1", "Releasing version 1: {}", partial(furnishing.release, number=1)),
        ("desks", "Connecting the stand-ins: {}", furnishing.connect),
        ("ask:2", "Asking for version 2: {}", partial(furnishing.ask, number=2)),
        ("live:1", "Waiting for version 1 to answer: {}", partial(furnishing.is_live, number=1)),
        ("release:2", "Releasing version 2: {}", partial(furnishing.release, number=2)),
        ("live:2", "Waiting for version 2 to answer: {}", partial(furnishing.is_live, number=2)),
        ("watch", "Watching: {}", furnishing.watch),
    ):
        for place in WORLDS:
            yield Step(f"{name}:{place.slug}", says.format(place.name), partial(act, place=place))
    yield Step("traffic", "Beginning the traffic", _traffic)


def _people(demo: Demo) -> bool:
    cast.enter_people(demo)
    return True


def _traffic(demo: Demo) -> bool:
    let_in(demo)
    return True


def put_back(*, demo: Demo) -> bool:
    """Version 2 again, with the baseline it was trained on; `False` while that is under way."""
    back = [furnishing.put_back(demo, place=place) for place in WORLDS]  # all at the same time
    return all(back)


def seed(*, demo: Demo, tell: Tell) -> bool:
    """Take the steps that are left; `False` where one has to wait for somebody else's work."""
    if demo.state != DemoState.SEEDING:
        raise DemoNotReady(state=demo.get_state_display())
    every = list(steps())
    for number, step in enumerate(every):
        if step.name in demo.done:
            continue
        tell(100 * number / len(every), step.says)
        _note(demo, step.says)
        if not step.act(demo):
            return False
        demo.done.append(step.name)
        demo.save(update_fields=["done"])
    _ready(demo)
    return True


def share(demo: Demo) -> int:
    """How much of it is done, in percent."""
    every = [step.name for step in steps()]
    return 100 * len([name for name in every if name in demo.done]) // len(every)


def _note(demo: Demo, note: str) -> None:
    if demo.note != note:
        demo.note = note
        demo.save(update_fields=["note"])
        live.changed(TOPIC)


@transaction.atomic
def _ready(demo: Demo) -> None:
    """Begin the traffic, unless somebody has stopped or removed the demo meanwhile."""
    now = timezone.now()
    ours = Demo.objects.filter(pk=demo.pk, state=DemoState.SEEDING)
    if ours.update(state=DemoState.RUNNING, ready_at=now, note=""):
        record(actor=None, verb="demo.ready", subject=demo, project_id=None)
        live.changed(TOPIC)
