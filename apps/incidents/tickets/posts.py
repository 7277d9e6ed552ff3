"""Comments and files on their way out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from django.utils import timezone

from apps.core.errors import PortalError, Retryable
from apps.incidents.models import Incident, Note, Ticket, TicketPost
from apps.incidents.tickets import comments
from apps.incidents.tickets.ours import CLOSED_THERE
from apps.incidents.tickets.sight import Sight
from apps.integrations.ports import File

MOST_ATTEMPTS = 3
MOST_FILES = 10  # of one ticket
State, Kind = TicketPost.State, TicketPost.Kind


def send(sight: Sight) -> None:
    """Send what waits, in its order. What was sent by a try that was cut short is found and not sent again."""
    _collect_notes(sight)
    _collect_evidence(sight)
    waiting = sight.ticket.posts.filter(state=State.WAITING)
    if not waiting:
        return
    for post in waiting:
        _attempt(sight, post)
    sight.look_again()
    comments.take(sight)


def _collect_notes(sight: Sight) -> None:
    """A waiting comment for each note that has none."""
    if not (sight.mapping.sends("comments") and sight.carries("comments")):
        return
    ticket = sight.ticket
    known = set(ticket.posts.filter(kind=Kind.COMMENT).values_list("key", flat=True))
    TicketPost.objects.bulk_create(
        [
            TicketPost(ticket=ticket, kind=Kind.COMMENT, key=key, text=text)
            for key, text in (*_notes(ticket), *_reason(ticket))
            if key not in known
        ],
        ignore_conflicts=True,
    )


def _notes(ticket: Ticket) -> Iterator[tuple[str, str]]:
    """Each note with its writer, and the mark by which it is known again."""
    for note in Note.objects.filter(incident_id=ticket.incident_id).select_related("by"):
        mark = f"{note.by.get_username()} in Signalbox [note {note.pk}-{ticket.pk}]"
        yield f"note-{note.pk}", f"{note.text.strip()}\n\n{mark}"


def _reason(ticket: Ticket) -> Iterator[tuple[str, str]]:
    """Why the incident is over, unless it is because the ticket was closed."""
    incident = Incident.objects.get(pk=ticket.incident_id)
    ended, reason = incident.resolved_at, incident.reason.strip()
    if ended is None or not reason or reason == CLOSED_THERE.format(key=ticket):
        return
    mark = f"{ended:%Y%m%dT%H%M%S}"
    yield f"over-{mark}", f"Resolved: {reason}\n\nSignalbox [over {mark}-{ticket.pk}]"


def _collect_evidence(sight: Sight) -> None:
    """A waiting file for the evidence as it stands, where no file has this content."""
    incident = Incident.objects.get(pk=sight.ticket.incident_id)
    if not (sight.mapping.evidence and sight.tracker.takes_files and incident.evidence_at):
        return
    text = _evidence(incident)
    key = f"evidence-{incident.number}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.md"
    files = sight.ticket.posts.filter(kind=Kind.EVIDENCE)
    # Only the newest is worth sending: what waits is overtaken.
    files.filter(state=State.WAITING).exclude(key=key).delete()
    if files.count() < MOST_FILES:
        made = TicketPost(ticket=sight.ticket, kind=Kind.EVIDENCE, key=key, text=text)
        TicketPost.objects.bulk_create([made], ignore_conflicts=True)


def _evidence(incident: Incident) -> str:
    pieces = [f"## {item.title}\n\n{item.text}\n" for item in incident.evidence.all()]
    return f"# Evidence of incident {incident.number}: {incident.title}\n\n" + "\n".join(pieces)


def _attempt(sight: Sight, post: TicketPost) -> None:
    """Send one. What is refused is given up after a few tries, alone; what may work later stops the look."""
    if post.key not in sight.there.files:
        sight.count_write()
    try:
        _send(sight, post)
    except Retryable:
        raise
    except PortalError as refusal:
        attempts = post.attempts + 1
        state = State.GIVEN_UP if attempts >= MOST_ATTEMPTS else State.WAITING
        _write(post, attempts=attempts, error=str(refusal)[:500], state=state)


def _send(sight: Sight, post: TicketPost) -> None:
    key = sight.ticket.key
    if post.kind == Kind.EVIDENCE:
        if post.key not in sight.there.files:
            sight.tracker.attach(key, File(post.key, "text/markdown", post.text.encode()))
        _write(post, state=State.SENT, sent_at=timezone.now(), error="")
        return
    remote_id = sight.tracker.comment(key, post.text)
    _write(post, state=State.SENT, sent_at=timezone.now(), error="", remote_id=remote_id[:80])


def _write(post: TicketPost, **named: object) -> None:
    TicketPost.objects.filter(pk=post.pk).update(**named)


def send_again(ticket_id: int) -> None:
    """What was given up waits anew."""
    given_up = TicketPost.objects.filter(ticket_id=ticket_id, state=State.GIVEN_UP)
    given_up.update(state=State.WAITING, attempts=0, error="")
