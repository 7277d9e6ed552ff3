"""What is known of objectives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Sum
from django.db.models.functions import TruncHour

from apps.core.access import Person
from apps.models.models import RegisteredModel
from apps.monitoring.models import Slo, SloBucket
from apps.projects.models import Environment
from apps.projects.querysets import InProjectQuerySet


def slos(user: Person) -> InProjectQuerySet[Slo]:
    """What the person may see."""
    found = Slo.objects.visible_to(user)
    return found.select_related("deployment", "project", "monitor", "runbook")


def to_count() -> list[int]:
    """The objectives that are counted every minute."""
    enabled = Slo.objects.filter(enabled=True, deployment__retired_at__isnull=True)
    return list(enabled.values_list("pk", flat=True))


def of_model(model: RegisteredModel, environment: Environment | None) -> list[Slo]:
    """The enabled objectives of the model's deployments in use."""
    found = Slo.objects.filter(
        enabled=True, deployment__model=model, deployment__retired_at__isnull=True
    )
    if environment is not None:
        found = found.filter(deployment__environment=environment)
    return list(found.select_related("deployment").order_by("pk"))


def by_hour(slo: Slo, until: datetime) -> Sequence[tuple[datetime, float, float]]:
    """Hour, good and all of the window, oldest first."""
    since = until - timedelta(days=slo.window_days)
    found = SloBucket.objects.filter(slo=slo, starts_at__gte=since, starts_at__lt=until)
    hours = found.annotate(hour=TruncHour("starts_at")).values("hour")
    sums = hours.annotate(good_sum=Sum("good"), all_sum=Sum("all")).order_by("hour")
    return [(row["hour"], row["good_sum"], row["all_sum"]) for row in sums]
