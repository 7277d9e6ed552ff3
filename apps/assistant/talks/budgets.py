"""How much one person and one project may ask. Counted from what is stored, so every face counts alike."""

from __future__ import annotations

import math
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db.models import Min, Sum
from django.utils import timezone

from apps.assistant.errors import OverBudget
from apps.assistant.models import Exchange, ExchangeQuerySet, Terms

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def check(*, by: AbstractUser, project_id: int | None) -> None:
    """Raise `OverBudget` where one more question is too many."""
    mine = Exchange.objects.filter(asked_by_id=by.pk)
    _check(
        mine,
        HOUR,
        settings.ASSISTANT_QUESTIONS_PER_HOUR,
        who="One person",
        what="questions an hour",
    )
    _check_tokens(mine, settings.ASSISTANT_TOKENS_PER_DAY, who="One person")
    if project_id is None:
        return
    terms = Terms.objects.filter(project_id=project_id).first() or Terms()
    asked = Exchange.objects.filter(project_id=project_id)
    _check(asked, DAY, terms.questions_a_day, who="This project", what="questions a day")
    _check_tokens(asked, terms.tokens_a_day, who="This project")


def _check(rows: ExchangeQuerySet, span: timedelta, most: int, *, who: str, what: str) -> None:
    recent = rows.filter(at__gt=timezone.now() - span)
    if recent.count() >= most:
        raise _over(recent, span, most, who=who, what=what)


def _check_tokens(rows: ExchangeQuerySet, most: int, *, who: str) -> None:
    recent = rows.filter(at__gt=timezone.now() - DAY)
    if (recent.aggregate(all=Sum("tokens"))["all"] or 0) >= most:
        raise _over(recent, DAY, most, who=who, what="tokens a day")


def _over(
    recent: ExchangeQuerySet, span: timedelta, most: int, *, who: str, what: str
) -> OverBudget:
    oldest = recent.aggregate(oldest=Min("at"))["oldest"]
    left = (
        max((oldest + span - timezone.now()).total_seconds(), 1) if oldest else span.total_seconds()
    )
    return OverBudget(
        who=who, most=most, what=what, minutes=math.ceil(left / 60), retry_after=math.ceil(left)
    )
