"""What the product gives up after some seconds has minutes in the tests' own process.

The machine of the tests may hold up any process and any thread for ten seconds. A test that wants a time-out sets one
itself, of less than two seconds, and gives it another side that never answers. Here is also how tests draw examples.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpcore
from hypothesis import HealthCheck
from hypothesis import settings as examples

# Seconds: below OWN a test means what it says; where nobody answers a connection, LONG would be far too long.
OWN, CONNECT, LONG = 2, 20, 120


def settle() -> None:
    """Before the apps are loaded: the servers beside the tests may be slow, and so may drawing be."""
    from django.conf import settings

    settings.CACHES["default"]["OPTIONS"] = {
        "SOCKET_CONNECT_TIMEOUT": LONG,
        "SOCKET_TIMEOUT": LONG,
    }
    broker = {"socket_connect_timeout": LONG, "socket_timeout": LONG}
    settings.CELERY_BROKER_TRANSPORT_OPTIONS |= broker
    settings.DATABASES["default"]["OPTIONS"]["connect_timeout"] = LONG
    settings.EMAIL_TIMEOUT = LONG
    # A heartbeat has a connection of its own, which does not see a job of the test's own transaction: it would stop
    # the work as lost. Real workers, in processes of their own, beat.
    settings.JOB_HEARTBEAT_SECONDS = 3600.0
    # A new example belongs to whoever looks for one, not to whoever lands something else.
    examples.register_profile(
        "steady",
        deadline=None,
        derandomize="CI" in os.environ,
        suppress_health_check=[HealthCheck.too_slow],
    )
    examples.load_profile("steady")


def install() -> None:
    """Once the apps are loaded."""
    from apps.assistant import planner
    from apps.core import health, live
    from apps.deployments import logs
    from apps.incidents.pack import building
    from apps.incidents.pack.registry import GATHERERS
    from apps.incidents.runbooks import running
    from apps.predictions import asking

    planner.SECONDS = health.SECONDS = live.PATIENCE_SECONDS = LONG
    building.BUDGET = running.SECONDS = asking.SECONDS = LONG
    logs.SETTLED_SECONDS = LONG
    for gatherer in GATHERERS.values():
        object.__setattr__(gatherer, "seconds", LONG)
    _calls()


def _calls() -> None:
    """Calls of other systems: until a connection, between two pieces, and altogether."""
    from apps.core.http import forward, lookup, wire

    within, deadline, begin = wire._within, wire.deadline, forward.Forward.__init__

    def longer(seconds: float, least: float) -> float:
        return seconds if seconds < OWN else max(seconds, least)

    def patient(seconds: float | None, too_late: type[Exception]) -> float:
        least = CONNECT if too_late is httpcore.ConnectTimeout else LONG
        return within(None if seconds is None else longer(seconds, least), too_late)

    def late(seconds: float) -> AbstractContextManager[None]:
        return deadline(longer(seconds, LONG))

    def begun(self: forward.Forward, *args: Any, **named: Any) -> None:
        begin(self, *args, **named)
        self._timeout |= {"connect": CONNECT, "pool": LONG}

    wire._within, wire.deadline = patient, late
    forward.Forward.__init__ = begun  # type: ignore[method-assign]
    _default(lookup.permitted, seconds=CONNECT)


def _default(function: Callable[..., Any], **values: float) -> None:
    assert function.__kwdefaults__.keys() >= values.keys()
    function.__kwdefaults__.update(values)
