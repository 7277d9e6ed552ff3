"""How each person is reached: their rules, quiet hours and browsers, and the messages written by them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core.errors import Conflict, Invalid
from apps.incidents.models import (
    Call,
    ContactRule,
    Incident,
    Page,
    PushSubscription,
    QuietHours,
)
from apps.incidents.oncall import clock, push, rotation, selectors
from apps.integrations.models import Connection
from apps.ledger.services import record

MOST_RULES, MOST_BROWSERS, MOST_MINUTES = 20, 20, 1440
Way = ContactRule.Way
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Told:
    """What a message says."""

    title: str
    text: str
    url: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """One way to one person."""

    way: str
    after: timedelta = timedelta(0)
    connection: Connection | None = None
    push: PushSubscription | None = None

    @property
    def name(self) -> str:
        """What tells it apart from the person's other ways."""
        number = (self.connection or self.push or _Nobody).pk
        return f"{self.way}-{number}-{int(self.after.total_seconds())}"


class _Nobody:
    pk = 0


@transaction.atomic
def add_rule(
    *, user: User, way: str, after_minutes: int = 0, connection: Connection | None = None
) -> ContactRule:
    """Reach me this way, so long after a page comes to me."""
    if way not in Way.values:
        raise Invalid(field="way", reason=f"choose one of {', '.join(Way.values)}")
    if (way == Way.CONNECTION) != (connection is not None):
        raise Invalid(
            field="connection", reason="choose one for the way “a connection”, and only there"
        )
    if not 0 <= after_minutes <= MOST_MINUTES:
        raise Invalid(field="after_minutes", reason=f"0 to {MOST_MINUTES}")
    if user.contact_rules.count() >= MOST_RULES:
        raise Conflict(reason=f"You have {MOST_RULES} rules already.")
    try:
        with transaction.atomic():
            rule = ContactRule.objects.create(
                user=user, way=way, connection=connection, after_minutes=after_minutes
            )
    except IntegrityError as error:
        raise Conflict(reason="You have this very rule already.") from error
    record(actor=user, verb="incidents.contact_rule_added", subject=rule, data={"way": way})
    return rule


@transaction.atomic
def remove_rule(*, rule: ContactRule, by: AbstractUser) -> None:
    """Not this way any more."""
    record(actor=by, verb="incidents.contact_rule_removed", subject=rule, data={"way": rule.way})
    rule.delete()


@transaction.atomic
def set_quiet_hours(*, user: User, begins: time | None, ends: time | None) -> None:
    """Only mail between these hours; without them always everything."""
    if (begins is None) != (ends is None):
        raise Invalid(field="ends", reason="give both hours, or none")
    if begins is None or ends is None:
        QuietHours.objects.filter(user=user).delete()
    elif begins == ends:
        raise Invalid(field="ends", reason="choose another hour than the beginning")
    else:
        QuietHours.objects.update_or_create(user=user, defaults={"begins": begins, "ends": ends})
    record(actor=user, verb="incidents.quiet_hours_set", subject=user, data={"some": bool(begins)})


@transaction.atomic
def subscribe(
    *, user: User, endpoint: str, key: str, auth: str, name: str = ""
) -> PushSubscription:
    """Let a browser show pages to its owner; the same browser again is the same one."""
    _check_subscription(endpoint, key, auth)
    digest = hashlib.sha256(endpoint.encode()).hexdigest()
    # Lock the person, so that two tabs do not subscribe one browser twice.
    User.objects.select_for_update().get(pk=user.pk)
    living = PushSubscription.objects.living().filter(digest=digest)
    if (own := living.filter(user=user).first()) is not None:
        return own
    living.update(revoked_at=timezone.now())  # somebody else signed in at this browser before
    if user.push_subscriptions.living().count() >= MOST_BROWSERS:
        raise Conflict(reason=f"You have {MOST_BROWSERS} browsers already; remove one first.")
    made = PushSubscription.objects.create(
        user=user, name=name.strip()[:100] or "a browser", digest=digest, endpoint=endpoint,
        key=key, auth=auth,
    )  # fmt: skip
    record(actor=user, verb="incidents.push_subscribed", subject=made, data={})
    return made


@transaction.atomic
def unsubscribe(*, subscription: PushSubscription, by: AbstractUser | None, why: str = "") -> None:
    """Let a browser show nothing any more."""
    living = PushSubscription.objects.living().filter(pk=subscription.pk)
    if living.update(revoked_at=timezone.now(), trouble=why[:300]):
        record(actor=by, verb="incidents.push_revoked", subject=subscription, data={})


def _check_subscription(endpoint: str, key: str, auth: str) -> None:
    parts = urlsplit(endpoint)
    if parts.scheme != "https" or not parts.hostname or len(endpoint) > 2000:
        raise Invalid(field="endpoint", reason="an https address of a push service")
    push.point(push.decoded(key))
    if len(push.decoded(auth)) != 16:
        raise Invalid(field="auth", reason="16 octets in base64url")


def call(*, page: Page, user: User, now: datetime) -> int:
    """Write a page's messages to one person; how many. None where there is no way to reach them."""
    told = of_page(page)
    critical = page.incident.severity == Incident.Severity.CRITICAL
    reaches = list(_reaches(user, critical=critical, now=now))
    key = f"page-{page.pk}-{user.pk}"
    _write(told, key, user, reaches, now=now, page=page)
    seen = Call(key=f"{key}-{Call.PORTAL}", page=page, user=user, way=Call.PORTAL, **_words(told))
    seen.state, seen.due_at, seen.sent_at = Call.State.SENT, now, now
    Call.objects.bulk_create([seen], ignore_conflicts=True)
    return len(reaches)


def call_through(*, page: Page) -> None:
    """Write a page's message for a connection."""
    reach = Reach(Way.CONNECTION, connection=page.connection)
    now = clock.read().now
    _write(of_page(page), f"page-{page.pk}", None, [reach], now=now, page=page)


def tell(*, user: User, told: Told, key: str) -> int:
    """Write a message that is no page; the same key is written once."""
    now = clock.read().now
    reaches = list(_reaches(user, critical=False, now=now))
    _write(told, key, user, reaches, now=now)
    return len(reaches)


def of_page(page: Page) -> Told:
    """What a page says."""
    incident = page.incident
    again = f" Asked for the {page.round + 1}. time." if page.round else ""
    text = (
        f"{incident.project.name}: {incident.get_severity_display()} incident, opened "
        f"{incident.opened_at:%Y-%m-%d %H:%M} UTC. Acknowledge it, or the next step is paged.{again}"
    )
    url = f"{settings.PUBLIC_URL}{incident.get_absolute_url()}"
    return Told(f"#{incident.number} {incident.title}"[:300], text, url, urgent=True)


def mail_works() -> bool:
    """Whether the portal has a mail server of its own."""
    return bool(settings.MAIL.host)


def _reaches(user: User, *, critical: bool, now: datetime) -> Iterator[Reach]:
    quiet_until = None if critical else _quiet_until(user, now)
    for reach in _ways(user):
        if quiet_until is None or reach.way == Way.MAIL:
            yield reach
        else:
            yield Reach(
                reach.way, max(reach.after, quiet_until - now), reach.connection, reach.push
            )


def _ways(user: User) -> Iterator[Reach]:
    browsers = list(PushSubscription.objects.living().filter(user=user))
    rules: Sequence[ContactRule] = list(selectors.contact_rules(user))
    if not rules:
        rules = [ContactRule(user=user, way=Way.PUSH), ContactRule(user=user, way=Way.MAIL)]
    for rule in rules:
        after = timedelta(minutes=rule.after_minutes)
        if rule.way == Way.PUSH:
            yield from (Reach(Way.PUSH, after, push=one) for one in browsers)
        elif rule.way == Way.MAIL:
            if user.email and mail_works():
                yield Reach(Way.MAIL, after)
        elif rule.connection is not None and rule.connection.enabled:
            yield Reach(Way.CONNECTION, after, rule.connection)


def _quiet_until(user: User, now: datetime) -> datetime | None:
    """When the person's quiet hours that hold now are over."""
    quiet = selectors.quiet_hours(user)
    if quiet is None:
        return None
    zone = ZoneInfo(user.time_zone)
    today = now.astimezone(zone).date()
    over = DAY if quiet.ends <= quiet.begins else timedelta(0)
    for day in (today - DAY, today):
        begins = rotation.reached(zone, datetime.combine(day, quiet.begins))
        ends = rotation.reached(zone, datetime.combine(day, quiet.ends) + over)
        if begins <= now < ends:
            return ends
    return None


def _write(
    told: Told,
    key: str,
    user: User | None,
    reaches: Sequence[Reach],
    *,
    now: datetime,
    page: Page | None = None,
) -> None:
    """The rows of the outbox; the same key and way twice is one."""
    reading = clock.read()
    rows = [
        Call(
            key=f"{key}-{reach.name}"[:120],
            page=page,
            user=user,
            way=reach.way,
            connection=reach.connection,
            push=reach.push,
            due_at=now + reach.after,
            boot=reading.boot,
            clock_offset=reading.offset,
            **_words(told),
        )
        for reach in reaches
    ]
    Call.objects.bulk_create(rows, ignore_conflicts=True)


def _words(told: Told) -> dict[str, Any]:
    return {
        "title": told.title[:300],
        "text": told.text[:4000],
        "url": told.url[:500],
        "urgent": told.urgent,
    }
