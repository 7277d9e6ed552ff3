"""What a page about an answer or a proposal may listen to."""

from __future__ import annotations

from apps.assistant import access
from apps.assistant.models import Proposal
from apps.core import live
from apps.core.access import Person
from apps.core.errors import NotFound


def _known(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) < 19


def _exchange(user: Person, key: str) -> bool:
    if not _known(key):
        return False
    try:
        access.readable_exchange(user, int(key))
    except NotFound:
        return False
    return True


def _proposal(user: Person, key: str) -> bool:
    return _known(key) and Proposal.objects.visible_to(user).filter(pk=int(key)).exists()


live.topic("exchange", _exchange)
live.topic("proposal", _proposal)
