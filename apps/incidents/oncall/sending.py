"""Messages on their way out: at least once, with a key by which the other side knows one again."""

from __future__ import annotations

import logging
import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import cast

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import F

from apps.core import live
from apps.core.errors import PortalError, Retryable
from apps.incidents.models import Call, ContactRule
from apps.incidents.oncall import clock, contacts, push
from apps.incidents.oncall.errors import SubscriptionGone
from apps.incidents.tickets import link_alarm
from apps.integrations.opening import connector
from apps.integrations.ports import AlertNotice, Notifier, Pager
from apps.ledger.services import record

logger = logging.getLogger(__name__)

BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 30, 60, 120, 300, 600))
SENDING = timedelta(seconds=60)  # what a killed sender held is due again after this
KEEP_TRYING = timedelta(hours=6)
MOST_REFUSALS = 3  # of a receiver that answers and does not want it
MOST_PER_BEAT = 500
SENDERS = 8
Way, State = ContactRule.Way, Call.State

_threads = ThreadPoolExecutor(max_workers=SENDERS, thread_name_prefix="pages")
_busy: set[int] = set()  # what is on its way from this process


def send_due() -> None:
    """Send everything whose time has come, beside the caller: one receiver that hangs holds nobody up."""
    due = Call.objects.due(clock.read().now).order_by("due_at", "pk")
    for pk in list(due.values_list("pk", flat=True)[:MOST_PER_BEAT]):
        if pk not in _busy:
            _busy.add(pk)
            _threads.submit(_aside, pk)


def _aside(pk: int) -> None:
    try:
        send(call_id=pk)
    except Exception:
        # Whatever it is, the row is due again in a minute; a thread's error would be seen by nobody.
        logger.exception("Message %s was not sent", pk)
    finally:
        _busy.discard(pk)
        connection.close()


def send(*, call_id: int) -> bool:
    """Send one message, if it is due and nobody else is sending it."""
    one = _claim(call_id)
    if one is None:
        return False
    try:
        _out(one)
    except SubscriptionGone as error:
        assert one.push is not None
        contacts.unsubscribe(subscription=one.push, by=None, why=str(error))
        _give_up(one, error)
        return False
    except PortalError as error:
        _later(one, error)
        return False
    # One that was stopped while it was on its way was sent all the same.
    Call.objects.filter(pk=one.pk).update(state=State.SENT, sent_at=clock.read().now, trouble="")
    _changed(one)
    return True


def _claim(call_id: int) -> Call | None:
    """Take it; when it is due again is written first, so a crash loses nothing."""
    now = clock.read().now
    one = Call.objects.due(now).filter(pk=call_id).first()
    if one is None:
        return None
    mine = Call.objects.due(now).filter(pk=one.pk, attempts=one.attempts)
    if not mine.update(attempts=F("attempts") + 1, due_at=now + SENDING):
        return None
    related = Call.objects.select_related("user", "connection__project", "push", "page__incident")
    return related.get(pk=one.pk)


def _out(one: Call) -> None:
    if one.way == Way.MAIL:
        _mail(one)
    elif one.push is not None:
        message = {"title": one.title, "text": one.text, "url": one.url, "tag": _tag(one)}
        push.send(one.push, message, topic=_tag(one))
    elif one.connection is not None and Pager in one.connection.entry.provides:
        # A pager wakes people by rules of its own; the alarm is kept level with the incident.
        if one.page is not None:
            link_alarm(incident=one.page.incident, by=None, connection=one.connection)
    elif one.connection is not None:
        cast(Notifier, connector(one.connection)).notify(notice(one))


def notice(one: Call) -> AlertNotice:
    """The message as connections know them."""
    if one.page is None:
        words = {"summary": one.title, "description": one.text}
        return AlertNotice(
            one.title, one.text, one.url, urgent=one.urgent, key=one.key, annotations=words
        )
    incident = one.page.incident
    severity, state = incident.get_severity_display(), incident.get_state_display()
    return AlertNotice(
        title=one.title,
        text=one.text,
        url=one.url,
        urgent=one.urgent,
        key=_tag(one),
        severity="critical" if incident.severity == "critical" else "warning",
        facts=(("Severity", severity), ("State", state)),
        labels={"alertname": "SignalboxPage", "incident": str(incident.number)},
        annotations={"summary": one.title, "description": one.text},
        starts_at=incident.opened_at,
    )


def _tag(one: Call) -> str:
    """The same for all messages of one incident, so that a phone shows the newest alone."""
    return f"incident-{one.page.incident_id}" if one.page else f"call-{one.pk}"


def _mail(one: Call) -> None:
    assert one.user is not None
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(">") or "signalbox"
    headers = {"Message-ID": f"<{one.key}@{domain}>", "Auto-Submitted": "auto-generated"}
    if one.urgent:
        headers["Importance"] = "high"
    title = " ".join(one.title.split())
    mail = EmailMessage(title, f"{one.text}\n\n{one.url}\n", to=[one.user.email], headers=headers)
    try:
        mail.send()
    except (smtplib.SMTPException, OSError) as error:
        raise Retryable(service="The mail server") from error


def _later(one: Call, error: PortalError) -> None:
    now = clock.read().now
    refused = not isinstance(error, Retryable) and one.attempts >= MOST_REFUSALS
    if refused or now - one.created_at > KEEP_TRYING:
        _give_up(one, error)
        return
    delay = BACKOFF[min(one.attempts, len(BACKOFF)) - 1]
    asked = timedelta(seconds=min(error.data.get("retry_after") or 0, 600))
    _wait(one, now + max(delay, asked), error)


def _wait(one: Call, due_at: datetime, error: PortalError) -> None:
    reading = clock.read()
    Call.objects.filter(pk=one.pk).update(
        due_at=due_at, boot=reading.boot, clock_offset=reading.offset, trouble=str(error)[:500]
    )
    _changed(one)


@transaction.atomic
def _give_up(one: Call, error: PortalError) -> None:
    """The dead letter: kept and shown; the next step is paged in its time."""
    waiting = Call.objects.filter(pk=one.pk, state=State.WAITING)
    if not waiting.update(state=State.DEAD, trouble=str(error)[:500]):
        return
    project_id = one.page.incident.project_id if one.page else None
    record(
        actor=None,
        verb="incidents.call_given_up",
        subject=one,
        project_id=project_id,
        data={"way": one.way, "page": one.page_id},
    )
    _changed(one)


def _changed(one: Call) -> None:
    if one.page:
        live.changed(one.page.incident.topic)
