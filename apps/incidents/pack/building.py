"""Ask every gatherer, each in its time and each failing alone."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from django.db import DatabaseError
from django.urls import reverse

from apps.incidents.models import Incident
from apps.incidents.pack.bounds import TimeUp, bounded
from apps.incidents.pack.case import Case
from apps.incidents.pack.items import Item, place
from apps.incidents.pack.registry import Gatherer, in_order

logger = logging.getLogger(__name__)
BUDGET = 8.0  # seconds for the whole pack
RESERVED = 1.0  # of them for what looks at the others' findings
MOST_ITEMS = 60  # of one gatherer
LATE = ("numpy", "pyarrow.compute", "pyarrow.parquet", "fsspec")


@dataclass(frozen=True, slots=True)
class State:
    """How one gatherer fared; `trouble` is empty where it looked."""

    name: str
    what: str
    items: int
    seconds: float
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """A pack before it is kept."""

    items: list[Item]
    states: list[State]
    seconds: float


def build(incident: Incident) -> Built:
    """Everything the rooms know about the incident, the cause or its absence first."""
    _warm_up()
    case, began = Case(incident), time.monotonic()
    items: list[Item] = []
    states: list[State] = []
    for gatherer in in_order():
        left = BUDGET - (time.monotonic() - began) - (0 if gatherer.last else RESERVED)
        found, state = _ask(gatherer, case, left)
        states.append(state)
        items += found
        items += _trouble(case, state)
    return Built(sorted(items, key=place), states, time.monotonic() - began)


def _warm_up() -> None:
    """Import what is imported at its first use: an alarm in the middle of an import would leave half a module."""
    reverse("incidents:list")
    for name in LATE:
        import_module(name)


def _ask(gatherer: Gatherer, case: Case, left: float) -> tuple[list[Item], State]:
    began = time.monotonic()
    found: list[Item] = []
    trouble = ""
    try:
        with bounded(min(gatherer.seconds, left), alarm=gatherer.alarm) as check:
            found = list(_checked(gatherer, case, check))
    except TimeUp:
        trouble = "its time was up"
    except DatabaseError as error:
        trouble = (
            "the database took too long" if "timeout" in str(error) else "the database refused"
        )
        logger.warning("gatherer %s of incident %s: %s", gatherer.name, case.incident.pk, error)
    except Exception as error:  # a fault of one must not take the pack; the pack says it
        trouble = f"it failed ({type(error).__name__})"
        logger.exception("gatherer %s of incident %s failed", gatherer.name, case.incident.pk)
    kept = [] if trouble else found
    seconds = round(time.monotonic() - began, 3)
    return kept, State(gatherer.name, gatherer.what, len(kept), seconds, trouble)


def _checked(gatherer: Gatherer, case: Case, check: object) -> Iterator[Item]:
    assert callable(check)
    for number, item in enumerate(gatherer.gather(case)):
        check()
        if number >= MOST_ITEMS:
            return
        yield item


def _trouble(case: Case, state: State) -> Iterator[Item]:
    if not state.trouble:
        return
    incident = case.incident
    yield Item(
        "trouble",
        "incidents.incident",
        str(incident.pk),
        f"{state.what}: could not be looked at",
        f"{state.what} could not be looked at: {state.trouble}. The next pack tries again.",
        incident.get_absolute_url(),
        {"gatherer": state.name},
    )
