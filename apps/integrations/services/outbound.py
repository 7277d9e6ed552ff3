"""Deliveries on their way to receivers: sent by a job, held back, given up, sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any, cast

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.core import jobs, live
from apps.core.errors import PortalError, Retryable
from apps.integrations.models import Connection, InboundDelivery, OutboundDelivery
from apps.integrations.opening import connector
from apps.integrations.ports import Message, OutgoingHook, Receipt
from apps.integrations.services.fanning import fan_out
from apps.integrations.services.states import mark
from apps.integrations.telemetry import OUTBOUND
from apps.ledger.services import record

__all__ = ["deliver_due", "fan_out", "forget_deliveries", "redeliver", "sweep"]

BACKOFF = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600)
)
MOST_ATTEMPTS = 10  # of a message that the receiver understands and refuses
KEEP_TRYING = timedelta(days=3)  # while the receiver does not answer at all
MOST_PER_RUN = 500

_random = SystemRandom()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt tells of the receiver, which answered."""

    state: Connection.State
    note: str


def sweep() -> None:
    """Read the ledger, give up what is too old, and send what is due. Safe to run twice."""
    fan_out()
    _give_up_old()
    for connection in Connection.objects.sending():
        _wake(connection)


def deliver_due(*, connection_id: int, on_attempt: Callable[[int], None]) -> int:
    """Send what is due for one receiver, oldest first; stop where it does not answer."""
    connection = Connection.objects.sending().filter(pk=connection_id).first()
    if connection is None:
        return 0
    try:
        hook = cast(OutgoingHook, connector(connection))
    except PortalError as error:
        _hold(connection, error)
        return 0
    return _deliver(connection, hook, on_attempt)


def _deliver(connection: Connection, hook: OutgoingHook, on_attempt: Callable[[int], None]) -> int:
    attempts, outcome = 0, None
    while attempts < MOST_PER_RUN and (delivery := _claim(connection)):
        outcome = _attempt(connection, hook, delivery)
        attempts += 1
        on_attempt(attempts)
        if outcome is None:
            return attempts
    if outcome is not None:
        mark(connection, state=outcome.state, note=outcome.note, failures=0, held_until=None)
    return attempts


@transaction.atomic
def redeliver(*, delivery: OutboundDelivery, by: AbstractUser) -> None:
    """Send an event once more, under the same id, and try its receiver at once."""
    now = timezone.now()
    rows = OutboundDelivery.objects.filter(pk=delivery.pk)
    rows.update(
        state=OutboundDelivery.State.PENDING,
        attempts=0,
        next_attempt_at=now,
        wanted_since=now,
        error="",
    )
    connection = delivery.connection
    Connection.objects.filter(pk=connection.pk).update(held_until=None)
    _record("integrations.delivery_redelivered", delivery, by=by)
    live.changed(connection.topic)
    _wake(connection)


def forget_deliveries(*, before: datetime) -> None:
    """Drop deliveries that are over and old."""
    InboundDelivery.objects.filter(received_at__lt=before).delete()
    over = OutboundDelivery.objects.exclude(state=OutboundDelivery.State.PENDING)
    over.filter(created_at__lt=before).delete()


def _wake(connection: Connection) -> None:
    jobs.enqueue(
        "integrations.deliver",
        owner=None,
        project_id=connection.project_id,
        key=f"integrations.deliver:{connection.pk}",
        connection_id=connection.pk,
    )


def _claim(connection: Connection) -> OutboundDelivery | None:
    """Take the oldest due delivery; its next attempt is set first, so a crash loses nothing."""
    due = OutboundDelivery.objects.due(timezone.now()).filter(connection=connection)
    found = cast(OutboundDelivery | None, due.order_by("pk").first())
    if found is None:
        return None
    mine = due.filter(pk=found.pk, attempts=found.attempts)
    later = timezone.now() + _delay(found.attempts)
    if not mine.update(attempts=F("attempts") + 1, next_attempt_at=later):
        return None
    found.attempts += 1
    return found


def _attempt(
    connection: Connection, hook: OutgoingHook, delivery: OutboundDelivery
) -> Outcome | None:
    """Send one; `None` where the receiver does not answer, and everything else waits with it."""
    message = Message(delivery.key, delivery.kind, delivery.happened_at, delivery.payload)
    try:
        receipt = hook.send(message)
    except Retryable as error:
        _note_failure(connection, delivery, error)
        _hold(connection, error)
        return None
    except PortalError as error:
        return _refused(connection, delivery, error)
    return _delivered(connection, delivery, receipt)


def _delivered(connection: Connection, delivery: OutboundDelivery, receipt: Receipt) -> Outcome:
    OutboundDelivery.objects.filter(pk=delivery.pk).update(
        state=OutboundDelivery.State.DELIVERED,
        delivered_at=timezone.now(),
        next_attempt_at=None,
        status=receipt.status,
        response=receipt.excerpt,
        error="",
    )
    OUTBOUND.labels(connection.slug, "delivered").inc()
    note = f"It took an event and answered {receipt.status}."
    return Outcome(Connection.State.CONNECTED, note)


def _refused(connection: Connection, delivery: OutboundDelivery, error: PortalError) -> Outcome:
    _note_failure(connection, delivery, error)
    if delivery.attempts >= MOST_ATTEMPTS:
        _give_up(delivery)
    return Outcome(Connection.State.FAILING, str(error))


def _note_failure(connection: Connection, delivery: OutboundDelivery, error: PortalError) -> None:
    rows = OutboundDelivery.objects.filter(pk=delivery.pk)
    rows.update(error=str(error)[:500], status=error.data.get("answered"), response="")
    OUTBOUND.labels(connection.slug, error.code).inc()


def _hold(connection: Connection, error: PortalError) -> None:
    """Leave a receiver that does not answer in peace, longer each time."""
    asked = timedelta(seconds=min(error.data.get("retry_after") or 0, BACKOFF[-1].total_seconds()))
    until = timezone.now() + max(_delay(connection.failures), asked)
    failures = min(connection.failures + 1, len(BACKOFF))
    held = {"failures": failures, "held_until": until}
    mark(connection, state=Connection.State.FAILING, note=str(error), **held)


def _delay(failures: int) -> timedelta:
    return BACKOFF[min(failures, len(BACKOFF) - 1)] * _random.uniform(0.8, 1.2)


def _give_up_old() -> None:
    waiting = OutboundDelivery.objects.filter(state=OutboundDelivery.State.PENDING)
    old = waiting.filter(wanted_since__lt=timezone.now() - KEEP_TRYING, attempts__gt=0)
    for delivery in old.select_related("connection")[:MOST_PER_RUN]:
        _give_up(delivery)


@transaction.atomic
def _give_up(delivery: OutboundDelivery) -> None:
    """The dead letter: kept, shown, and sent again only when somebody asks."""
    rows = OutboundDelivery.objects.filter(pk=delivery.pk, state=OutboundDelivery.State.PENDING)
    if rows.update(state=OutboundDelivery.State.GIVEN_UP, next_attempt_at=None):
        _record("integrations.delivery_given_up", delivery, by=None)
        live.changed(delivery.connection.topic)


def _record(verb: str, delivery: OutboundDelivery, *, by: AbstractUser | None) -> None:
    data: dict[str, Any] = {"connection": delivery.connection_id}
    project_id = delivery.connection.project_id
    record(actor=by, verb=verb, subject=delivery, project_id=project_id, data=data)
