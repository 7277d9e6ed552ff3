"""Whether the parts the portal stands on answer. Apps may add their own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass

from celery import current_app
from channels.layers import get_channel_layer
from django.core.cache import cache
from django.db import DatabaseError, Error, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from apps.core import pulse

logger = logging.getLogger(__name__)

Probe = Callable[[], None]
SECONDS = 2.0


class Unwell(Exception):
    """A part that does not answer, and why."""


@dataclass(frozen=True, slots=True)
class Part:
    """The state of one part; a portal may serve without one that is not `needed`."""

    name: str
    ok: bool
    needed: bool
    note: str


_probes: dict[str, tuple[Probe, bool]] = {}
_threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="health")
_asked: dict[str, Future[None]] = {}


def probe(name: str, check: Probe, *, needed: bool = True) -> None:
    """Offer a part: `check()` raises `Unwell` when it does not answer."""
    _probes[name] = (check, needed)


def parts() -> list[Part]:
    """Ask every part at the same time; what stays silent for two seconds is unwell."""
    deadline = time.monotonic() + SECONDS
    asked = {name: _ask(name, check) for name, (check, _) in _probes.items()}
    return [
        _part(name, asked[name], needed=needed, seconds=max(0.0, deadline - time.monotonic()))
        for name, (_, needed) in _probes.items()
    ]


def _ask(name: str, check: Probe) -> Future[None]:
    """One question to each part at a time: a part that hangs must not eat a thread per request."""
    running = _asked.get(name)
    if running is None or running.done():
        running = _asked[name] = _threads.submit(_in_thread, check)
    return running


def _in_thread(check: Probe) -> None:
    try:
        check()
    finally:
        connection.close()


def _part(name: str, answer: Future[None], *, needed: bool, seconds: float) -> Part:
    try:
        answer.result(timeout=seconds)
    except NotInTime:
        note = f"no answer within {SECONDS:g} s"
    except Unwell as error:
        note = str(error)
    except Exception:
        # A probe with a bug says nothing about the other parts.
        logger.exception("The probe of %s crashed", name)
        note = "its probe crashed; see the log"
    else:
        return Part(name, ok=True, needed=needed, note="answers")
    return Part(name, ok=False, needed=needed, note=note)


def _database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        raise Unwell("the database does not answer") from error


def _migrations() -> None:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise Unwell("the database does not answer") from error
    if waiting:
        raise Unwell(f"{len(waiting)} migrations wait; run `manage.py migrate`")


def _cache() -> None:
    try:
        cache.get("health")
    except (RedisError, OSError) as error:
        raise Unwell("Redis does not answer") from error


def _broker() -> None:
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=int(SECONDS))
    except (OperationalError, OSError) as error:
        raise Unwell("the message broker does not answer") from error


def _channels() -> None:
    if get_channel_layer() is None:
        raise Unwell("no channel layer is set up")


def _worker() -> None:
    _expect("worker ", "no worker was heard of; long work waits in its queue")


def _sweep() -> None:
    _expect("sweep", "periodic work stands still; is the system worker running?")


def _expect(prefix: str, complaint: str) -> None:
    try:
        found = [one for one in pulse.heard() if one.name.startswith(prefix) and one.fresh]
    except (RedisError, OSError) as error:
        raise Unwell("Redis does not answer") from error
    if not found:
        raise Unwell(complaint)


probe("database", _database)
probe("migrations", _migrations)
probe("cache", _cache)
probe("broker", _broker)
probe("channels", _channels, needed=False)
probe("worker", _worker, needed=False)
probe("sweep", _sweep, needed=False)
