"""What others wrote there, and which comments there are our own."""

from __future__ import annotations

from django.utils import timezone

from apps.core import live
from apps.incidents.models import Incident, TicketComment, TicketPost
from apps.incidents.tickets.sight import Sight
from apps.integrations.ports import RemoteComment

LONGEST = 20_000


def take(sight: Sight) -> None:
    """Keep others' comments, as they stand there now, and bind our own to what was sent."""
    foreign = _foreign(sight)
    if not sight.mapping.takes("comments"):
        return
    known = dict(sight.ticket.comments.values_list("remote_id", "text"))
    fresh = [each for each in foreign if known.get(each.id) != each.text[:LONGEST]]
    for each in fresh:
        TicketComment.objects.update_or_create(
            ticket=sight.ticket,
            remote_id=each.id,
            defaults={
                "author": each.author[:200],
                "text": each.text[:LONGEST],
                "at": each.at,
                "taken_at": timezone.now(),
            },
        )
    if fresh:
        live.changed(Incident(pk=sight.ticket.incident_id).topic)


def even(text: str) -> str:
    """The words of a comment, however the tracker breaks its lines."""
    return " ".join(text.split())


def _foreign(sight: Sight) -> list[RemoteComment]:
    """The comments that are not ours. Ours are bound before, or found now by their mark and very words.

    Somebody who quotes one of ours writes other words around it, so a quotation is theirs.
    """
    posts = sight.ticket.posts.filter(kind=TicketPost.Kind.COMMENT)
    bound = set(posts.exclude(remote_id="").values_list("remote_id", flat=True))
    unbound = {even(post.text): post for post in posts.filter(remote_id="")}
    foreign = []
    for each in sight.there.comments:
        if each.id in bound:
            continue
        if (post := unbound.pop(even(each.text), None)) is not None:
            _sent(post, each.id)
        else:
            foreign.append(each)
    return foreign


def _sent(post: TicketPost, remote_id: str) -> None:
    TicketPost.objects.filter(pk=post.pk).update(
        state=TicketPost.State.SENT, remote_id=remote_id, sent_at=timezone.now(), error=""
    )
