from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, cast

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from apps.core import events, jobs, live
from apps.core.http import redact_headers
from apps.integrations.errors import Disabled, NotGenuine
from apps.integrations.events import DeliveryReceived
from apps.integrations.models import Connection, InboundDelivery
from apps.integrations.opening import connector
from apps.integrations.ports import Genuine, InboundSource, Incoming
from apps.integrations.services.states import mark
from apps.integrations.telemetry import INBOUND
from apps.ledger.services import record

MOST_HEADERS = 50
REFUSALS_NOTED_EVERY = timedelta(seconds=10)
CONNECTED = Connection.State.CONNECTED


def receive(*, connection: Connection, incoming: Incoming) -> tuple[InboundDelivery, bool]:
    """Verify and keep a request; `False` where the same delivery was here before."""
    if not connection.enabled:
        raise Disabled(name=connection.name)
    genuine = _verified(connection, incoming)
    delivery, new = _keep(connection, incoming, genuine)
    INBOUND.labels(connection.slug, "received" if new else "repeated").inc()
    if connection.state != CONNECTED and not connection.entry.load().can_check:
        mark(connection, state=CONNECTED, note="The sender is genuine.")
    return delivery, new


@transaction.atomic
def handle(*, delivery_id: int) -> None:
    """Tell the rooms that listen. Safe to run twice: a handled delivery is not told again."""
    rows = InboundDelivery.objects.select_for_update(of=["self"]).select_related("connection")
    delivery = rows.filter(pk=delivery_id).first()
    if delivery is None or delivery.state == InboundDelivery.State.HANDLED:
        return
    if not _is_json(bytes(delivery.body)):
        _move(delivery, InboundDelivery.State.FAILED, "The body is not JSON; send JSON.")
        return
    _move(delivery, InboundDelivery.State.HANDLED)
    connection = delivery.connection
    events.publish(
        DeliveryReceived(
            delivery_id=delivery.pk,
            connection_id=connection.pk,
            project_id=connection.project_id,
            slug=connection.slug,
            kind=delivery.kind,
        )
    )


def fail_inbound(*, delivery_id: int) -> None:
    """Say that a delivery was not handled and will not be by itself."""
    open_ = InboundDelivery.objects.filter(pk=delivery_id, state=InboundDelivery.State.RECEIVED)
    open_.update(state=InboundDelivery.State.FAILED, error="The job that handles it failed.")


@transaction.atomic
def handle_again(*, delivery: InboundDelivery, by: AbstractUser) -> None:
    """Tell the rooms of a delivery once more."""
    _move(delivery, InboundDelivery.State.RECEIVED)
    connection = delivery.connection
    record(
        actor=by,
        verb="integrations.delivery_handled_again",
        subject=delivery,
        project_id=connection.project_id,
        data={"connection": connection.pk},
    )
    _enqueue(delivery)


def _verified(connection: Connection, incoming: Incoming) -> Genuine:
    source = cast(InboundSource, connector(connection))
    try:
        return source.verify(incoming)
    except NotGenuine as refusal:
        _note_refusal(connection, str(refusal))
        INBOUND.labels(connection.slug, "refused").inc()
        raise


def _note_refusal(connection: Connection, reason: str) -> None:
    """Keep why, for whoever wonders; a flood of bad requests writes once in a while only."""
    now = timezone.now()
    rested = Q(refused_at=None) | Q(refused_at__lt=now - REFUSALS_NOTED_EVERY)
    rows = Connection.objects.filter(rested, pk=connection.pk)
    rows.update(refusal=reason[:300], refused_at=now)


@transaction.atomic
def _keep(
    connection: Connection, incoming: Incoming, genuine: Genuine
) -> tuple[InboundDelivery, bool]:
    delivery = InboundDelivery(
        connection=connection,
        delivery_id=genuine.delivery_id,
        fingerprint=genuine.fingerprint,
        kind=genuine.kind,
        headers=_shown_headers(incoming),
        body=incoming.body,
        received_at=incoming.received_at,
    )
    try:
        with transaction.atomic():
            delivery.save(force_insert=True)
    except IntegrityError:
        return _repeated(connection, genuine), False
    _enqueue(delivery)
    live.changed(connection.topic)
    return delivery, True


def _repeated(connection: Connection, genuine: Genuine) -> InboundDelivery:
    """The delivery that was here before, under this id or under another one."""
    here = InboundDelivery.objects.filter(connection=connection)
    known = here.filter(delivery_id=genuine.delivery_id)
    if not known.exists():
        known = here.filter(fingerprint=genuine.fingerprint)
    known.update(repeats=F("repeats") + 1)
    return cast(InboundDelivery, known.get())


def _shown_headers(incoming: Incoming) -> dict[str, str]:
    some = dict(list(incoming.headers.items())[:MOST_HEADERS])
    return {name[:100]: value[:500] for name, value in redact_headers(some).items()}


def _move(delivery: InboundDelivery, state: InboundDelivery.State, error: str = "") -> None:
    fields: dict[str, Any] = {"state": state, "error": error}
    if state == InboundDelivery.State.HANDLED:
        fields["handled_at"] = timezone.now()
    InboundDelivery.objects.filter(pk=delivery.pk).update(**fields)
    live.changed(delivery.connection.topic)


def _enqueue(delivery: InboundDelivery) -> None:
    jobs.enqueue(
        "integrations.handle_delivery",
        owner=None,
        project_id=delivery.connection.project_id,
        key=f"integrations.inbound:{delivery.pk}",
        delivery_id=delivery.pk,
    )


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
