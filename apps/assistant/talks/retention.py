"""How long questions and answers are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from apps.assistant.models import Conversation, Exchange, Proposal, Terms

BATCH = 1000


def forget_old(*, now: datetime | None = None) -> int:
    """Erase what is older than its project, or the portal, keeps; how many questions that were."""
    now = now or timezone.now()
    terms = dict(Terms.objects.values_list("project_id", "keep_days"))
    gone = 0
    for project_id, days in terms.items():
        gone += _erase(now - timedelta(days=days), project_id=project_id)
    usual = now - timedelta(days=settings.ASSISTANT_KEEP_DAYS)
    gone += _erase(usual, besides=list(terms))
    empty = Conversation.objects.filter(exchanges=None, created_at__lt=now - timedelta(days=1))
    empty.delete()
    Proposal.objects.exclude(state=Proposal.State.PROPOSED).filter(created_at__lt=usual).delete()
    return gone


def _erase(
    before: datetime, *, project_id: int | None = None, besides: list[int] | None = None
) -> int:
    rows = Exchange.objects.filter(at__lt=before).exclude(state=Exchange.State.RUNNING)
    if project_id is not None:
        rows = rows.filter(project_id=project_id)
    if besides:
        rows = rows.exclude(project_id__in=besides)
    gone = 0
    while ids := list(rows.values_list("pk", flat=True)[:BATCH]):
        Exchange.objects.filter(pk__in=ids).delete()
        gone += len(ids)
    return gone
