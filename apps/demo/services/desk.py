"""The stand-ins for a tracker and a pager: what they keep, in the words of the systems they stand for."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core import jobs, live
from apps.core.errors import Invalid
from apps.core.http import Http
from apps.demo import calls
from apps.demo.choices import STATUSES, TOPIC
from apps.demo.models import Demo, DeskTicket
from apps.demo.services import cast
from apps.integrations.models import Connection
from apps.ledger.services import record

Desk = DeskTicket.Desk
KEPT = 300  # tickets of each desk


def is_known(secret: str) -> bool:
    """Whether this is the secret that the demo's connections carry."""
    demo = Demo.objects.first()
    ours = cast.kept(demo).get("desk", "") if demo else ""
    return bool(ours) and hmac.compare_digest(secret.encode(), ours.encode())


def open_ticket(*, desk: str, correlation: str, title: str, fields: dict[str, Any]) -> DeskTicket:
    """Keep a new ticket under the next key."""
    with transaction.atomic():
        Demo.objects.select_for_update().first()  # one number at a time
        last = DeskTicket.objects.filter(desk=desk).order_by("-pk").first()
        number = int(last.key.lstrip("MLPQ-")) + 1 if last else 1
        key = f"ML-{number}" if desk == Desk.JIRA else f"PQ{number}"
        made = DeskTicket.objects.create(
            desk=desk, key=key, correlation=correlation, title=title[:1100],
            status=STATUSES[desk][0], fields=fields,
        )  # fmt: skip
        old = DeskTicket.objects.filter(desk=desk).values_list("pk", flat=True)[KEPT:]
        DeskTicket.objects.filter(pk__in=list(old)).delete()
    live.changed(TOPIC)
    return made


@transaction.atomic
def set_status(*, ticket: DeskTicket, status: str) -> DeskTicket:
    """Move a ticket; a status that the desk does not know is refused."""
    if status not in STATUSES[ticket.desk]:
        raise Invalid(field="status", reason=f"one of {', '.join(STATUSES[ticket.desk])}")
    row = DeskTicket.objects.select_for_update().get(pk=ticket.pk)
    if row.status != status:
        row.status, row.updated_at = status, timezone.now()
        row.save(update_fields=["status", "updated_at"])
        live.changed(TOPIC)
    return row


@transaction.atomic
def set_fields(*, ticket: DeskTicket, fields: dict[str, Any]) -> DeskTicket:
    """Change what stands on a ticket."""
    row = DeskTicket.objects.select_for_update().get(pk=ticket.pk)
    row.fields, row.updated_at = {**row.fields, **fields}, timezone.now()
    row.title = str(row.fields.get("summary", row.title))[:1100]
    row.save(update_fields=["fields", "title", "updated_at"])
    live.changed(TOPIC)
    return row


@transaction.atomic
def remark(*, ticket: DeskTicket, body: Any, author: str) -> dict[str, Any]:
    """Write something below a ticket."""
    row = DeskTicket.objects.select_for_update().get(pk=ticket.pk)
    said = {"id": str(10_000 + len(row.remarks)), "body": body, "author": author, "at": stamp()}
    row.remarks = [*row.remarks, said][-200:]
    row.updated_at = timezone.now()
    row.save(update_fields=["remarks", "updated_at"])
    live.changed(TOPIC)
    return said


@transaction.atomic
def move_ticket(*, ticket: DeskTicket, status: str, by: AbstractUser) -> DeskTicket:
    """Somebody moves a ticket on the stand-in's own page; the portal hears of it as it would from the real one."""
    moved = set_status(ticket=ticket, status=status)
    record(actor=by, verb="demo.desk_moved", subject=ticket, data={"status": status})
    jobs.enqueue("demo.tell_portal", owner=by, ticket_id=ticket.pk)
    return moved


def tell_portal(*, ticket: DeskTicket) -> int:
    """Send the desk's webhook to every connection that stands for it; how many heard it."""
    demo = Demo.objects.get()
    heard = 0
    rows = Connection.objects.filter(
        slug=ticket.desk, enabled=True, project__demo_feed__isnull=False
    )
    with Http("The portal", calls.own_address(), allow=calls.own()) as http:
        for connection in rows:
            content = json.dumps(_event(ticket)).encode()
            headers = _signed(ticket, content, cast.kept(demo)["signing"])
            http.request("POST", f"hooks/{connection.pk}/", content=content, headers=headers)
            heard += 1
    return heard


def _event(ticket: DeskTicket) -> dict[str, Any]:
    if ticket.desk == Desk.JIRA:
        return {
            "webhookEvent": "jira:issue_updated",
            "timestamp": int(ticket.updated_at.timestamp() * 1000),
            "issue": {"key": ticket.key},
        }
    kind = f"incident.{ticket.status}"
    data = {"id": ticket.key, "incident_key": ticket.correlation, "status": ticket.status}
    mark = f"{ticket.key}-{ticket.updated_at.timestamp():.0f}"
    return {"event": {"id": mark, "event_type": kind, "data": data}}


def _signed(ticket: DeskTicket, content: bytes, secret: str) -> dict[str, str]:
    digest = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    name = "x-hub-signature" if ticket.desk == Desk.JIRA else "x-pagerduty-signature"
    mark = "sha256=" if ticket.desk == Desk.JIRA else "v1="
    return {name: f"{mark}{digest}", "content-type": "application/json"}


def stamp() -> str:
    """Now, as the desks write times."""
    return timezone.now().strftime("%Y-%m-%dT%H:%M:%S.000+0000")
